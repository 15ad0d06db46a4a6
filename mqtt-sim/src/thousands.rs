use alloc::string::ToString;
use core::fmt;

/// A number with a comma between each three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thousands(pub u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_three_digits_have_a_comma_before_them() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (61_845, "61,845"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(Thousands(number).to_string(), text);
        }
    }
}
