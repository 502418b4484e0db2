//! Memory of this machine.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Where the machine does not say.
const UNKNOWN: u64 = 4 << 30;

/// Half of the machine's memory, or of what this process may use of it (control groups).
pub fn default_limit() -> u64 {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let Ok(system) = System::new_with_specifics(kind) else {
        return UNKNOWN / 2;
    };
    let machine = system.total_memory();
    let allowed = system
        .cgroup_limits()
        .map(|limits| limits.total_memory)
        .filter(|&limit| limit > 0)
        .map_or(machine, |limit| limit.min(machine));
    match allowed {
        0 => UNKNOWN / 2,
        bytes => bytes / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_real_machine_is_more_than_a_quarter_gigabyte() {
        assert!(default_limit() > 1 << 28, "{}", default_limit());
    }
}
