//! What a program takes and never releases: the references that are left to the harness, and the calls that took them.

use super::{Plan, Step};
use crate::op::{Kind, Op, Variable};
use crate::program::Program;

/// References that a program never releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The variable that has them.
    pub variable: Variable,
    /// How many there are.
    pub references: usize,
    /// The steps that took them, the first one first; fewer than there are where a call gave one to another variable's object, as
    /// `SSL_dup` does after a handshake.
    pub taken: Vec<usize>,
}

impl Plan {
    /// Lists what `program`, which was planned last, never releases, in the order in which it is given back. Where a release can be
    /// of either of two references, it is of the one that was taken last.
    pub fn owed(&self, program: &Program) -> Vec<Owed> {
        let mut left: Vec<(Variable, usize)> = Vec::new();
        for variable in self.given_back().filter_map(|op| released(&op)) {
            match left.iter_mut().find(|(other, _)| *other == variable) {
                Some((_, count)) => *count += 1,
                None => left.push((variable, 1)),
            }
        }
        let owed = left.into_iter().map(|(variable, count)| {
            let mut taken = self.taken(program, variable);
            taken.truncate(count);
            Owed { variable, references: count, taken }
        });
        // A context of the pool is the harness's own.
        let pooled = |owed: &Owed| owed.taken.iter().any(|step| program.ops[*step].kind() == Kind::CtxPooled);
        owed.filter(|owed| !pooled(owed)).collect()
    }

    /// Returns the steps that took what a variable still has.
    fn taken(&self, program: &Program, variable: Variable) -> Vec<usize> {
        let mut taken = Vec::new();
        for (at, (op, step)) in program.ops.iter().zip(&self.steps).enumerate() {
            if !matches!(step, Step::Run { .. }) {
                continue;
            }
            if released(op) == Some(variable) {
                taken.pop();
            } else if takes(op) == Some(variable) {
                taken.push(at);
            }
        }
        taken
    }
}

/// Returns the variable whose reference a call gives back.
fn released(op: &Op) -> Option<Variable> {
    let frees = matches!(op.kind(), Kind::Free | Kind::SslFree | Kind::CtxFree | Kind::Forget);
    if frees { op.variables().next() } else { None }
}

/// Returns the variable that a call gives a reference to: what it makes, but for what it only lends.
fn takes(op: &Op) -> Option<Variable> {
    let kind = op.kind();
    if matches!(kind, Kind::UpRef | Kind::SslUpRef | Kind::CtxUpRef) {
        op.variables().next()
    } else if matches!(kind, Kind::GetSession | Kind::Get0Session) {
        None
    } else {
        op.result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Setup;

    #[test]
    fn what_is_never_released_is_told_with_the_calls_that_took_it() {
        let program: Program = "#! sessdiff 1
s0 = SSL_SESSION_new()
SSL_SESSION_up_ref(s0)
SSL_SESSION_free(s0)
SSL_SESSION_up_ref(s0)
s1 = SSL_SESSION_new()
SSL_SESSION_free(s1)
c0 = SSL_CTX_new(TLS_client_method())
x0 = SSL_new(c0)
SSL_set_session(x0, s0)
s2 = SSL_get_session(x0)
s3 = SSL_get1_session(x0)
"
        .parse()
        .expect("a program");
        let mut plan = Plan::new(Setup::new(true));
        plan.make(&program);
        let told: Vec<_> =
            plan.owed(&program).iter().map(|owed| (owed.variable.to_string(), owed.taken.clone())).collect();
        let expected = [("s0", vec![0, 3]), ("s3", vec![10]), ("x0", vec![7]), ("c0", vec![6])];
        assert_eq!(told, expected.map(|(name, steps)| (name.to_string(), steps)));
    }
}
