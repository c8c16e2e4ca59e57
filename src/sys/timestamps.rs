//! The kernel's time stamps of the bytes of a TCP socket (SO_TIMESTAMPING): when they left, and
//! when they arrived. All are readings of CLOCK_REALTIME.
//!
//! The socket option asks for receive stamps, which come with each recvmsg(2). A send stamp is
//! asked for by a control message of a single sendmsg(2), so that other sends cost nothing, and is
//! read from the socket's error queue (Documentation/networking/timestamping.rst).

use std::io::{self, IoSliceMut, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, TimestampingFlag, getsockopt, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

/// Room for the control messages of one recvmsg(2): a stamp, and in the error queue its id.
const CONTROL_BYTES: usize = 256;

/// Room for the control messages of a call, to be used again and again.
#[derive(Debug)]
#[repr(align(8))]
pub struct ControlSpace([u8; CONTROL_BYTES]);

impl Default for ControlSpace {
    fn default() -> ControlSpace {
        ControlSpace([0; CONTROL_BYTES])
    }
}

/// Bytes that were received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Their number; 0 at the end of the stream.
    pub bytes: usize,
    /// When the last of them arrived, in nanoseconds of CLOCK_REALTIME; `None`: not known.
    pub last_real_ns: Option<u64>,
}

/// When a byte left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendStamp {
    /// The position of the byte in the stream of the connection. It begins with 0 when the stamps
    /// are enabled, and wraps at 2³².
    pub byte: u32,
    /// In nanoseconds of CLOCK_REALTIME.
    pub real_ns: u64,
}

/// Enables the stamps of a connected socket, and returns the position of its next byte in them.
/// Bytes are counted from now on, so nothing that was sent before may be unacknowledged.
///
/// # Errors
/// When the system has no time stamps, or the socket is not connected.
pub fn enable(socket: &impl AsFd) -> io::Result<u32> {
    let flags = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_ID
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY;
    setsockopt(socket, sockopt::Timestamping, &flags)?;
    // A sandbox may accept options that it does not know.
    match getsockopt(socket, sockopt::Timestamping)?.contains(flags) {
        true => Ok(0),
        false => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// A socket that keeps the kernel's receive stamps on as long as it is open. The kernel turns them on
/// with the first socket that asks for them and off with the last, each time by changing its code on
/// all cores (net_enable_timestamp in net/core/dev.c), and packets that arrive meanwhile have no stamp.
///
/// # Errors
/// When the socket cannot be made, or the system has no time stamps.
pub fn keep_on() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let flags = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE;
    setsockopt(&socket, sockopt::Timestamping, &flags)?;
    Ok(socket)
}

/// Which stamps the system has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Available {
    /// Those of what is received.
    pub received: bool,
    /// Those of what is sent.
    pub sent: bool,
}

/// Tries on a connection over the loopback interface which stamps the system has.
///
/// # Errors
/// When the connection cannot be made.
pub fn available() -> io::Result<Available> {
    /// The kernel turns receive stamps on a moment after they were asked for.
    const TRIES: usize = 50;
    const WAIT: Duration = Duration::from_millis(1);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_read_timeout(Some(Duration::from_secs(1)))?;
    if enable(&client).is_err() {
        return Ok(Available::default());
    }
    let mut control = ControlSpace::default();
    let sent = send_stamped(client.as_raw_fd(), b"x").is_ok();
    let sent = sent && send_stamp(&client, &mut control).is_some();
    for _ in 0..TRIES {
        server.write_all(b"x")?;
        // Waits until it is there.
        client.peek(&mut [0])?;
        let read = receive(client.as_raw_fd(), &mut [0], &mut control)?;
        if read.last_real_ns.is_some() {
            return Ok(Available {
                received: true,
                sent,
            });
        }
        std::thread::sleep(WAIT);
    }
    Ok(Available {
        received: false,
        sent,
    })
}

/// Receives what is available without blocking, and when the last byte of it arrived.
///
/// # Errors
/// `WouldBlock`, or when recvmsg(2) fails.
pub fn receive(
    socket: RawFd,
    space: &mut [u8],
    control: &mut ControlSpace,
) -> io::Result<Received> {
    let mut parts = [IoSliceMut::new(space)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(socket, &mut parts, Some(&mut control.0), flags)?;
    // Control messages that do not fit are as good as none.
    let stamps = message.cmsgs().into_iter().flatten();
    let last_real_ns = stamps.filter_map(|one| stamp(&one)).next();
    Ok(Received {
        bytes: message.bytes,
        last_real_ns,
    })
}

/// Sends what fits without blocking, and asks for the stamp of its last byte.
///
/// # Errors
/// `WouldBlock`, or when sendmsg(2) fails.
pub fn send_stamped(socket: RawFd, bytes: &[u8]) -> io::Result<usize> {
    /// A control message with the flags of one send, aligned as the system wants it.
    #[repr(C)]
    struct Control {
        head: libc::cmsghdr,
        flags: u32,
        padding: u32,
    }
    // SAFETY: all-zero bytes are a valid `cmsghdr`, which has only integers.
    let mut head: libc::cmsghdr = unsafe { std::mem::zeroed() };
    // SAFETY: CMSG_LEN only computes.
    head.cmsg_len = unsafe { libc::CMSG_LEN(size_of::<u32>() as u32) } as _;
    head.cmsg_level = libc::SOL_SOCKET;
    head.cmsg_type = libc::SO_TIMESTAMPING;
    let mut control = Control {
        head,
        flags: libc::SOF_TIMESTAMPING_TX_SOFTWARE,
        padding: 0,
    };
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: all-zero bytes are a valid `msghdr`: integers and null pointers.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = size_of::<Control>() as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the message and all that it points to are valid during the call, which only reads
    // them.
    match unsafe { libc::sendmsg(socket, &raw const message, flags) } {
        sent if sent < 0 => Err(io::Error::last_os_error()),
        sent => Ok(usize::try_from(sent).unwrap_or(0)),
    }
}

/// Takes the next send stamp from the error queue; `None` if there is none.
pub fn send_stamp(socket: &impl AsRawFd, control: &mut ControlSpace) -> Option<SendStamp> {
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut [], Some(&mut control.0), flags).ok()?;
    let (mut real_ns, mut byte) = (None, None);
    for one in message.cmsgs().ok()? {
        match one {
            ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _)
                if error.ee_origin == libc::SO_EE_ORIGIN_TIMESTAMPING =>
            {
                byte = Some(error.ee_data);
            }
            one => real_ns = real_ns.or(stamp(&one)),
        }
    }
    Some(SendStamp {
        byte: byte?,
        real_ns: real_ns?,
    })
}

/// The software stamp of a control message.
fn stamp(message: &ControlMessageOwned) -> Option<u64> {
    match message {
        ControlMessageOwned::ScmTimestampsns(stamps) => nanos(stamps.system),
        _ => None,
    }
}

/// `None` for zero, which means no stamp.
fn nanos(time: TimeSpec) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    let nanos = u64::try_from(time.tv_nsec()).ok()?;
    let nanos = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    (nanos > 0).then_some(nanos)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    fn real_ns() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since.as_nanos().try_into().unwrap()
    }

    #[test]
    fn bytes_have_the_times_at_which_they_left_and_arrived() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        // Otherwise bytes wait for the acknowledgement of those before them (RFC 896).
        client.set_nodelay(true).unwrap();
        if enable(&client).is_err() {
            // A sandbox may have no time stamps; the generator does without them.
            assert_eq!(available().unwrap(), Available::default());
            return;
        }
        assert!(available().unwrap().received);
        let mut control = ControlSpace::default();
        let mut buffer = [0; 64];
        assert_eq!(send_stamp(&client, &mut control), None);
        for round in 1..=3_u32 {
            let before_ns = real_ns();
            assert_eq!((&client).write(b"ab").unwrap(), 2, "without a stamp");
            let sent = send_stamped(client.as_raw_fd(), b"a request").unwrap();
            assert_eq!(sent, 9);
            let stamp = send_stamp(&client, &mut control).unwrap();
            assert_eq!(stamp.byte, 11 * round - 1, "the last byte that was sent");
            assert!((before_ns..=real_ns()).contains(&stamp.real_ns));
            assert_eq!(send_stamp(&client, &mut control), None);
            server.read_exact(&mut buffer[..11]).unwrap();
            server.write_all(b"reply").unwrap();
            let received = loop {
                match receive(client.as_raw_fd(), &mut buffer, &mut control) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    received => break received.unwrap(),
                }
            };
            assert_eq!((received.bytes, &buffer[..5]), (5, &b"reply"[..]));
            // The system begins to stamp a moment after the first socket asks for it.
            if let Some(arrived_ns) = received.last_real_ns {
                assert!((stamp.real_ns..=real_ns()).contains(&arrived_ns));
            }
        }
        drop(server);
        let end = receive(client.as_raw_fd(), &mut buffer, &mut control);
        assert_eq!(end.unwrap().bytes, 0);
    }
}
