"""TensorFlow Lite files: conversion, metadata, timing."""
