//! A program for which io_uring is forbidden, as in many containers.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The number of io_uring_setup(2), the same on all architectures of Linux that have it.
const IO_URING_SETUP: u32 = 425;

/// Makes io_uring_setup(2) fail with `errno` in this program and its children (seccomp(2)).
pub(crate) fn forbid_io_uring(command: &mut Command, errno: i32) {
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let equal = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let ret = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    // The number of the system call is at offset 0; any other one skips the error.
    let filter = [
        step(load, 0, 0),
        step(equal, 1, IO_URING_SETUP),
        step(ret, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        step(ret, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let install = move || {
        let mut filter = filter;
        let program = libc::sock_fprog {
            len: filter.len() as u16,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: prctl(2) with these arguments only reads `program`, which is valid meanwhile.
        let failed = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ) != 0
        };
        if failed {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    };
    // SAFETY: `install` makes two system calls and uses only memory of its own.
    unsafe { command.pre_exec(install) };
}
