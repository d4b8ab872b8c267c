use crate::go_sort;

#[test]
fn equal_elements_come_out_in_go_s_order() {
    // Hashes of what Go 1.26 gives: length, step of the numbers, how many are equal.
    for (length, step, equal, hash) in [
        (60, 37, 10, 399710135),
        (13, 5, 4, 979446004),
        (200, 77, 7, 985819698),
        (1000, 371, 3, 971254083),
        (1000, 999, 100, 946141129),
        (50, 1, 25, 109890409),
        (5000, 2718, 50, 903254857_u64),
    ] {
        let mut numbers: Vec<u64> = (0..length).map(|n| n * step % length).collect();
        go_sort::sort(&mut numbers, |a, b| a / equal < b / equal);
        let got = (1..).zip(&numbers).fold(0, |hash, (n, x)| (hash * 31 + x * n) % 1_000_000_007);
        assert_eq!(got, hash, "{length} {step} {equal}");
    }
}
