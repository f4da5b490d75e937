#!/usr/bin/env bash
# Checks the Android demo without Gradle, a device or an emulator: compiles everything, runs the tests
# of core/, and builds and verifies the APKs. Everything is written below build/android.
# "SKIP: reason" names each check that is impossible on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
demo=$root/android_demo
work=$root/build/android
python=${PYTHON:-$root/.venv/bin/python}
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
mkdir -p "$work"
passed=0
skipped=0
pass() { passed=$((passed + 1)); echo "ok: $*"; }
skip() { skipped=$((skipped + 1)); echo "SKIP: $*"; }

"$demo/check/toolchain.sh" "$work/tools" || {
  [ $? -eq 3 ] || exit 1
  echo "make android: nothing was checked"
  exit 0
}
tools=$work/tools/root
jdk=$(cat "$work/tools/jdk")
jars=$tools/usr/share/java
android_jar=$tools/usr/lib/android-sdk/platforms/android-23/android.jar
dx_jar=$jars/com.android.dx.jar
native=$(echo "$tools"/usr/lib/*-linux-gnu)
# shellcheck disable=SC2034 # used in apk.sh
libraries=$native/android:$native:$tools/usr/lib:$tools/usr/lib/p7zip
# shellcheck source=android_demo/check/apk.sh
. "$demo/check/apk.sh"
sources() { find "$@" -name '*.java' | sort; }

# 1. Everything compiles, with all warnings as errors.
mapfile -t core < <(sources "$demo/core/src/main/java")
compile "$work/core" "" "${core[@]}"
mapfile -t stubs < <(sources "$demo/check/stubs")
compile "$work/stubs" "" "${stubs[@]}"
if grep -rnE '^import (android|androidx)\.' "$demo/core/src"; then
  echo "error: core/ imports Android" >&2
  exit 1
fi
pass "core/ compiles against API 23 without imports of Android"

# 2. core/ gives the results of the Python package.
junit=""
for jar in junit-jupiter-api junit-jupiter-engine junit-jupiter-params junit-platform-commons \
    junit-platform-engine junit-platform-launcher junit-platform-console junit-platform-reporting \
    opentest4j apiguardian-api picocli com.android.json jna; do
  junit=$junit:$jars/$jar.jar
done
compile_tests() {
  local output=$1 path=$2
  shift 2
  rm -rf "$output"
  mkdir -p "$output"
  # "path" warns of jars that Debian's jars name under /usr/share/java.
  "$jdk/javac" -Xlint:all,-options,-path -Werror -encoding UTF-8 --release 8 \
    -classpath "$path$junit" -d "$output" "$@"
}
run_tests() {
  local folder=$1 path=$2
  shift 2
  "$jdk/java" "$@" -classpath "$path$junit" org.junit.platform.console.ConsoleLauncher \
    --scan-classpath "$folder" --details=summary --disable-banner --disable-ansi-colors \
    --fail-if-no-tests >"$work/tests.log" 2>&1 || { cat "$work/tests.log" >&2; return 1; }
  grep -E ' px$|^\[ .*tests successful|largest' "$work/tests.log"
}
mapfile -t tests < <(sources "$demo/core/src/test/java")
compile_tests "$work/tests" "$work/core" "${tests[@]}"
run_tests "$work/tests" "$work/tests:$work/core" "-Dgolden=$root/tests/golden"
pass "core/ passes its tests against tests/golden"

# 3. The demo's APK with the model of the package.
model=$root/ppn_tf/inference/weights/people.tflite
mkdir -p "$work/demo.assets"
cp "$model" "$work/demo.assets/people.tflite"
resources demo "$demo/app" ppntf.demo
mapfile -t app < <(sources "$demo/app/src/main/java" "$work/demo.gen")
compile "$work/app" "$work/core:$work/stubs" "${app[@]}"
# LiteRT cannot be had from Debian, npm or the Python index; the stubs stay outside.
package demo "$work/core" "$work/app"
badging "$work/demo.apk" ppntf.demo "Pose demo"
"$python" "$demo/check/apk_content.py" "$work/demo.apk" assets/people.tflite="$model"
pass "demo.apk: built, aligned, signed and verified, $(du -h "$work/demo.apk" | cut -f1)"

# 4. The model from Java, in TensorFlow Lite's C library.
library=$work/npm/package/cc_deps/linux_amd64/libtensorflowlite_c.so
if [ ! -f "$library" ] && command -v npm >/dev/null; then
  mkdir -p "$work/npm"
  (cd "$work/npm" && npm pack --silent tfjs-tflite-node@0.0.2 >/dev/null 2>&1 \
    && tar xzf tfjs-tflite-node-*.tgz package/cc_deps/linux_amd64) || true
fi
if [ ! -f "$library" ] || [ "$(uname -m)" != x86_64 ]; then
  skip "the model from Java: npm's tfjs-tflite-node@0.0.2 with libtensorflowlite_c.so cannot be had"
else
  "$python" "$demo/check/model_reference.py" "$model" "$work/model"
  "$python" "$demo/check/clip_reference.py" "$model" "$work/model"
  mapfile -t tests < <(sources "$demo/check/native")
  compile_tests "$work/native" "$work/core" "${tests[@]}"
  # Debian's JNA looks for its library under /usr/lib, then in the class path.
  install -D "$native/jni/libjnidispatch.system.so" \
    "$work/jna/com/sun/jna/linux-x86-64/libjnidispatch.so"
  run_tests "$work/native" "$work/native:$work/core:$work/jna" "-Dmodel=$work/model" \
    "-Dfile=$model" "-Dlibrary=$library"
  pass "the model and the tracker in Java equal Python's"
fi

# 5. The browser demo in a WebView, with the same model.
rm -rf "$work/web.assets"
mkdir -p "$work/web.assets/web/models"
if [ -f build/web/index.html ]; then cp -RL build/web/. "$work/web.assets/web"; fi
cp "$model" "$work/web.assets/web/models/people.tflite"
echo '{"models": [{"name": "people", "file": "models/people.tflite"}]}' \
  >"$work/web.assets/web/models.json"
resources web "$demo/webview" ppntf.web
mapfile -t web < <(sources "$demo/webview/src/main/java" "$work/web.gen")
compile "$work/web" "" "${web[@]}"
if [ ! -f build/web/index.html ]; then
  skip "web.apk: its sources compile, but build/web does not hold the built browser demo"
else
  package web "$work/web"
  badging "$work/web.apk" ppntf.web "Pose web demo"
  stored=()
  while read -r file; do
    stored+=("assets/web/$file=$work/web.assets/web/$file")
  done < <(cd "$work/web.assets/web" && find . -type f \( -name '*.tflite' -o -name '*.wasm' \) | cut -c3-)
  "$python" "$demo/check/apk_content.py" "$work/web.apk" "${stored[@]}"
  pass "web.apk: built, aligned, signed and verified, $(du -h "$work/web.apk" | cut -f1)"
fi
echo "make android: $passed checks passed, $skipped skipped"
