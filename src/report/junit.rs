//! A conformance check as JUnit XML, for CI: a suite each port, a test each case.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::check::{Check, Checked, Outcome};

/// Writes what was found of ports, and of those that could not be driven why, by their names.
///
/// # Errors
/// Fails where a text cannot be written as XML.
pub fn junit(checks: &[Check], not_driven: &[(String, String)]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("sessdiff");
    report.add_test_suites(checks.iter().map(suite));
    report.add_test_suites(not_driven.iter().map(|(port, why)| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(why.as_str());
        let mut suite = TestSuite::new(port.as_str());
        suite.add_test_case(TestCase::new("is driven", status));
        suite
    }));
    report.to_string()
}

fn suite(check: &Check) -> TestSuite {
    let mut suite = TestSuite::new(check.port.name.as_str());
    suite.add_property(("version", check.port.version.as_str()));
    suite.add_property(("file", check.port.file.as_str()));
    suite.add_property(("release", check.release.as_str()));
    suite.add_test_cases(check.cases.iter().map(|case| test(check, case)));
    suite
}

fn test(check: &Check, case: &Checked) -> TestCase {
    let status = match case.outcome {
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Fail | Outcome::Inconclusive => {
            let failed = case.outcome == Outcome::Fail && !case.broke;
            let kind = if failed { NonSuccessKind::Failure } else { NonSuccessKind::Error };
            let mut status = TestCaseStatus::non_success(kind);
            status
                .set_message(case.why.as_str())
                .set_type(case.class.clone().unwrap_or_else(|| case.outcome.to_string()));
            let c = case.c.as_ref().map(|c| format!("\nC says: {}\n", c.says)).unwrap_or_default();
            status.set_description(format!("{}\n\n{}\n{c}\nagain: {}", case.says, case.calls.join("\n"), case.again));
            status
        }
        Outcome::Known | Outcome::Unsupported | Outcome::NotModelled => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}: {}", case.outcome, case.why));
            status
        }
    };
    let mut test = TestCase::new(case.id.as_str(), status);
    let level = check.levels.get(&case.level).map_or("", String::as_str);
    let level = if level.is_empty() { String::new() } else { format!("{}.", level.replace(' ', "-")) };
    test.set_classname(format!("{level}{}", case.function));
    test
}
