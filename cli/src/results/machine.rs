//! The day and the machine of a measurement.

use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day and a processor.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// The day, UTC, as 2026-11-23.
    #[serde(skip)]
    pub(crate) date: String,
    arch: &'static str,
    isa: &'static str,
    processor: Option<String>,
}

impl Machine {
    /// Today on this machine, with kernels of `isa`.
    pub(crate) fn now(isa: &'static str) -> Self {
        Self { date: today(), arch: std::env::consts::ARCH, isa, processor: processor() }
    }

    /// A text for people.
    pub(crate) fn line(&self) -> String {
        let processor = self.processor.as_deref().unwrap_or("a processor without a name");
        format!("{}, {processor} ({}), kernels of {}, one thread", self.date, self.arch, self.isa)
    }
}

/// The day, UTC, as 2026-11-23.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    date(seconds / 86_400)
}

/// The name of the processor; Linux only.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?.1.trim().to_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// The date `days` days after 1970-01-01, in the Gregorian calendar with years that begin in March (Hinnant, "chrono-compatible low-level
/// date algorithms", `civil_from_days`).
fn date(days: u64) -> String {
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_those_of_the_calendar() {
        // `date -u -d @SECONDS +%F`
        let days =
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (19_782, "2024-02-29"), (20_780, "2026-11-23"), (47_540, "2100-02-28")];
        days.into_iter().for_each(|(day, text)| assert_eq!(date(day), text));
        assert_eq!(date(47_541), "2100-03-01");
    }
}
