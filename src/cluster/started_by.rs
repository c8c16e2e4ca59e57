//! Whether an engine has started this process as one of several.

/// One of several processes that an engine has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartedBy {
    /// The engine's variable with the number of processes.
    pub(crate) variable: &'static str,
    /// The number of processes.
    pub(crate) ranks: usize,
    /// The number of this one, from 0.
    pub(crate) rank: usize,
}

/// The variables of each engine: the number of processes, and that of a process. Slurm sets the
/// first only for the tasks of srun, not for a batch script.
const VARIABLES: [(&str, &str); 3] = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

impl StartedBy {
    /// What the environment says; `None` for a process that was started alone.
    pub(crate) fn environment() -> Option<StartedBy> {
        StartedBy::of(&|name| std::env::var(name).ok())
    }

    fn of(value: &dyn Fn(&str) -> Option<String>) -> Option<StartedBy> {
        let number = |name: &str| value(name)?.parse::<usize>().ok();
        VARIABLES.iter().find_map(|(size, rank)| {
            let ranks = number(size).filter(|ranks| *ranks > 1)?;
            Some(StartedBy {
                variable: size,
                ranks,
                rank: number(rank)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_is_recognised_and_one_process_is_alone() {
        let of = |variables: &[(&str, &str)]| {
            StartedBy::of(&|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let open_mpi = of(&[("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3")]);
        assert_eq!(open_mpi.map(|by| (by.ranks, by.rank)), Some((4, 3)));
        let mpich = of(&[("PMI_SIZE", "2"), ("PMI_RANK", "0")]);
        assert_eq!(mpich.map(|by| (by.ranks, by.rank)), Some((2, 0)));
        assert_eq!(
            of(&[("OMPI_COMM_WORLD_SIZE", "1"), ("OMPI_COMM_WORLD_RANK", "0")]),
            None
        );
        // A batch script of Slurm has this one, and is not one of several.
        assert_eq!(of(&[("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")]), None);
        assert_eq!(of(&[]), None);
    }
}
