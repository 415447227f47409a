//! A routing trace as plain text: for the command line (spec 9).

use super::{ShownCandidate, ShownHostState, ShownStage, ShownTrace};

impl ShownTrace {
    /// One sentence first, then the steps, each part under its heading, with a newline at the end.
    pub(crate) fn told(&self) -> String {
        let mut parts = vec![self.opening()];
        parts.push(headed("Hosts", aligned(&self.hosts.iter().map(|host| self.host_row(host)).collect::<Vec<_>>())));
        if !self.owner_checks.is_empty() {
            let row = |check: &super::ShownCheck| {
                vec![if check.passed { "yes" } else { "no" }.to_owned(), check.check.clone(), check.outcome.clone()]
            };
            parts.push(headed("The owner", aligned(&self.owner_checks.iter().map(row).collect::<Vec<_>>())));
        }
        if !self.stages.is_empty() {
            parts.push(headed("How the Account was found", self.stages.iter().map(stage_line).collect()));
        }
        let candidates = self.candidates();
        if candidates.len() > 1 {
            parts.push(headed("Accounts (> was found)", aligned(&candidates)));
        }
        if let Some(rotation) = &self.rotation {
            parts.push(headed("Turns", vec![plain(rotation)]));
        }
        parts.push(format!("Decided by version {} of the configuration.", self.configuration_version));
        parts.join("\n\n") + "\n"
    }

    fn opening(&self) -> String {
        let place = &self.place;
        let place = [&place.country, &place.region, &place.city, &place.postal_code];
        let place: Vec<String> = place.into_iter().flatten().map(|part| plain(part)).collect();
        match place.is_empty() {
            true => plain(&self.sentence),
            false => format!("{}\nThe booker is in: {}.", plain(&self.sentence), place.join(", ")),
        }
    }

    fn host_row(&self, host: &ShownHostState) -> Vec<String> {
        let chosen = self.host.as_ref().is_some_and(|chosen| chosen.id == host.id);
        vec![mark(chosen), host.name.clone(), host.state.to_owned(), format!("owed {}", host.balance)]
    }

    /// A row for each candidate by the stages that saw any, below a row of their names. Those who came furthest stand first.
    fn candidates(&self) -> Vec<Vec<String>> {
        let stages: Vec<&ShownStage> = self.stages.iter().filter(|stage| !stage.candidates.is_empty()).collect();
        let mut accounts: Vec<(&str, &str)> = Vec::new();
        for candidate in stages.iter().rev().flat_map(|stage| &stage.candidates) {
            if !accounts.iter().any(|(id, _)| *id == candidate.account_id) {
                accounts.push((&candidate.account_id, &candidate.name));
            }
        }
        let found = self.account.as_ref().map(|account| account.id.as_str());
        accounts.sort_by_key(|(id, _)| found != Some(*id));
        let of = |stage: &ShownStage, id: &str| {
            stage.candidates.iter().find(|seen| seen.account_id == id).map_or_else(String::new, cell)
        };
        let names = stages.iter().map(|stage| stage.stage.clone());
        let mut rows = vec![["", "Account", "Id"].map(str::to_owned).into_iter().chain(names).collect()];
        rows.extend(accounts.iter().map(|(id, name)| {
            let own = [mark(found == Some(*id)), (*name).to_owned(), (*id).to_owned()];
            own.into_iter().chain(stages.iter().map(|stage| of(stage, id))).collect()
        }));
        rows
    }
}

fn headed(heading: &str, lines: Vec<String>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("  {line}")).collect();
    format!("{heading}\n{}", lines.join("\n"))
}

fn mark(chosen: bool) -> String {
    if chosen { ">" } else { "" }.to_owned()
}

fn stage_line(stage: &ShownStage) -> String {
    let bounded = stage.bounded.as_ref().map(|bounded| format!(" (bounded: {bounded})")).unwrap_or_default();
    plain(&format!("{}: {}{bounded}", stage.stage, stage.result))
}

/// What a stage saw, and why it removed the candidate, if it did.
fn cell(seen: &ShownCandidate) -> String {
    let value = if seen.value.is_empty() { "-" } else { &seen.value };
    seen.removed.map_or_else(|| value.to_owned(), |why| format!("{value} (removed: {})", why.replace('_', " ")))
}

/// Rows as lines whose columns start one below the other.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| plain(text)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .filter(|(_, width)| **width > 0)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A text from an org or an admin on one line: nothing in it steers a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::{aligned, plain};

    #[test]
    fn columns_stand_one_below_the_other_and_empty_ones_take_no_room() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        assert_eq!(aligned(&[row(["", "Ä", "x"]), row(["", "long", ""])]), ["Ä     x", "long"]);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(plain("Acme\u{1b}[31m\nLtd"), "Acme [31m Ltd");
    }
}
