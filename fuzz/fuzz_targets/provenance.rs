#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| helmd_fuzz::run("provenance", data));
