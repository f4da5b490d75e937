# Functions that build APKs with the tools of toolchain.sh; sourced by run.sh.
# shellcheck shell=bash
# Used: tools, jdk, android_jar, work.

# Compiles Java for Android: compile OUTPUT CLASSPATH SOURCE...
compile() {
  local output=$1 path=$2
  shift 2
  rm -rf "$output"
  mkdir -p "$output"
  # "options" warns that source level 7 is old, which dx requires.
  "$jdk/javac" -Xlint:all,-options -Werror -encoding UTF-8 -source 7 -target 7 \
    -bootclasspath "$android_jar" -classpath "$path" -d "$output" "$@"
}

# Compiles resources: resources NAME MODULE PACKAGE; writes NAME.base.apk, and R.java to NAME.gen.
resources() {
  local name=$1 module=$2 manifest=$work/$1.manifest.xml
  # Gradle takes the package from build.gradle, aapt2 from the manifest.
  sed "s/<manifest /<manifest package=\"$3\" /" "$module/src/main/AndroidManifest.xml" >"$manifest"
  rm -rf "$work/$name.gen" && mkdir -p "$work/$name.gen"
  aapt2 compile --dir "$module/src/main/res" -o "$work/$name.resources.zip"
  aapt2 link -o "$work/$name.base.apk" -I "$android_jar" \
    --manifest "$manifest" --java "$work/$name.gen" \
    --min-sdk-version 24 --target-sdk-version 34 --version-code 1 --version-name 1.0 \
    -A "$work/$name.assets" -0 .tflite -0 .wasm "$work/$name.resources.zip"
}

# Makes an APK of classes and resources: package NAME CLASSES...; writes NAME.apk.
package() {
  local name=$1
  shift
  "$jdk/java" -cp "$dx_jar" com.android.dx.command.Main --dex --min-sdk-version=24 \
    --output="$work/$name.dex" "$@"
  cp "$work/$name.base.apk" "$work/$name.unaligned.apk"
  # Uncompressed entries stay so, and classes.dex joins them.
  "$python" - "$work/$name.unaligned.apk" "$work/$name.dex" <<'PYTHON'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1], "a", zipfile.ZIP_DEFLATED) as archive:
  archive.write(sys.argv[2], "classes.dex")
PYTHON
  zipalign -f -p 4 "$work/$name.unaligned.apk" "$work/$name.aligned.apk"
  zipalign -c -p 4 "$work/$name.aligned.apk"
  sign "$work/$name.aligned.apk" "$work/$name.apk"
  rm "$work/$name".{unaligned,aligned,base}.apk
}

# Signs with a key that is made for this purpose: sign INPUT OUTPUT
sign() {
  local key=$work/check.keystore
  if [ ! -f "$key" ]; then
    "$jdk/keytool" -genkeypair -keystore "$key" -storepass android -keypass android -alias check \
      -dname CN=check -keyalg RSA -keysize 2048 -validity 10000 2>/dev/null
  fi
  apksigner sign --ks "$key" --ks-pass pass:android --out "$2" "$1"
  apksigner verify --min-sdk-version 24 --Werr "$2"
}

# Checks what an APK says of itself: badging APK PACKAGE LABEL
badging() {
  local text line
  text=$(aapt dump badging "$1")
  for line in "package: name='$2'" "sdkVersion:'24'" "targetSdkVersion:'34'" \
      "uses-permission: name='android.permission.CAMERA'" "application-label:'$3'" \
      "launchable-activity: name='$2"; do
    grep -qF "$line" <<<"$text" || { echo "error: $1: no $line in its badging" >&2; return 1; }
  done
  # Without this permission an app cannot reach any network.
  if grep -qF "android.permission.INTERNET" <<<"$text"; then
    echo "error: $1 asks for the Internet" >&2
    return 1
  fi
}

aapt() { with_libraries aapt "$@"; }
aapt2() { with_libraries aapt2 "$@"; }
zipalign() { with_libraries zipalign "$@"; }
apksigner() { "$jdk/java" -cp "$jars/apksigner.jar:$jars/apksig.jar" com.android.apksigner.ApkSignerTool "$@"; }

with_libraries() {
  local tool=$1
  shift
  LD_LIBRARY_PATH=$libraries "$tools/usr/bin/$tool" "$@"
}
