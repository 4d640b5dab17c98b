//! A narrow way to a host of the lab: what goes up it comes no faster than so many bytes a second, as behind a slow uplink.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much is passed on at a time.
const PIECE: usize = 4 << 10;

/// The way. Ends with the test's process.
#[derive(Debug)]
pub(crate) struct Narrow {
    address: SocketAddr,
    passed: Arc<AtomicU64>,
}

impl Narrow {
    /// To the sshd at this address.
    pub(crate) fn to(host: &str, rate: u32) -> Narrow {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let passed = Arc::new(AtomicU64::new(0));
        let (sshd, counted) = (format!("{host}:22"), Arc::clone(&passed));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (sshd, passed) = (sshd.clone(), Arc::clone(&counted));
                // Who hangs up is no news.
                std::thread::spawn(move || drop(relay(client, &sshd, rate, &passed)));
            }
        });
        Narrow { address, passed }
    }

    /// The port of this machine at which it begins.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Bytes that went up it.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

fn relay(client: TcpStream, sshd: &str, rate: u32, passed: &AtomicU64) -> std::io::Result<()> {
    let server = TcpStream::connect(sshd)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        // Down it is wide.
        let _ = std::io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let (mut client, mut server, mut buffer) = (client, server, [0; PIECE]);
    loop {
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return server.shutdown(Shutdown::Write);
        }
        std::thread::sleep(Duration::from_nanos(
            read as u64 * 1_000_000_000 / u64::from(rate),
        ));
        server.write_all(&buffer[..read])?;
        passed.fetch_add(read as u64, Ordering::Relaxed);
    }
}
