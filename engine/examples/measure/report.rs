//! Results as JSON, progress on stderr.

/// Collects figures and prints them as one JSON array.
#[derive(Default)]
pub struct Report(Vec<String>);

impl Report {
    /// One figure. Names, units and conditions are this program's own words: nothing in them needs an escape.
    pub fn add(&mut self, name: &str, value: f64, unit: &str, conditions: &str) {
        let value = if value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.3}") };
        eprintln!("{name}: {value} {unit}");
        self.0.push(format!(
            r#"{{"name": "{name}", "value": {value}, "unit": "{unit}", "conditions": "{conditions}"}}"#
        ));
    }

    /// Prints everything.
    pub fn print(&self) {
        println!("[{}]", self.0.join(",\n "));
    }
}

/// The middle value; of an even number, the lower of the two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

/// A figure of this process from `/proc/self/status`, in bytes.
pub fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux process");
    let line = status.lines().find(|line| line.starts_with(field)).expect("a field of the kernel's");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
    kilobytes * 1024
}
