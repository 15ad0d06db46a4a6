use crate::procfs::Proc;
use std::net::Ipv4Addr;

#[derive(Clone)]
pub struct Opts {
    pub scenario: String,
    pub host: Ipv4Addr,
    pub port: u16,
    pub pid: i32,
    pub children: bool,
    pub ver: u8,
    pub qos: u8,
    pub sub_qos: u8,
    pub payload: usize,
    pub n: usize,
    pub pubs: usize,
    pub subs: usize,
    pub window: u32,
    pub inflight: u32,
    pub burst: Option<u32>,
    pub secs: f64,
    pub warmup: f64,
    pub settle_ms: u64,
    pub stall_ms: u64,
    pub drain_secs: f64,
    pub setup_secs: f64,
    pub rate: f64,
    pub threads: usize,
    pub topic: String,
    pub keepalive: u16,
    pub bufsz: i32,
    pub check: bool,
    pub shared: bool,
    pub miss: bool,
    pub filters: usize,
    pub clients: usize,
    pub sub_batch: usize,
    pub msgs: usize,
    pub conns: usize,
    pub conc: usize,
    pub hold: f64,
    pub user: Option<(String, String)>,
    pub label: Vec<(String, String)>,
    pub mode: String,
    pub parse: bool,
    pub cpu: Option<usize>,
    pub free: Vec<String>,
    given: Vec<String>,
}

impl Opts {
    pub fn proc_(&self) -> Option<Proc> {
        (self.pid > 0).then_some(Proc {
            root: self.pid,
            children: self.children,
        })
    }
    /// A default for a scenario, where the option was not on the command line.
    pub fn has(&self, k: &str) -> bool {
        self.given.iter().any(|g| g == k)
    }
    pub fn parse() -> Result<Opts, lexopt::Error> {
        use lexopt::prelude::*;
        let mut o = Opts {
            scenario: String::new(),
            host: Ipv4Addr::LOCALHOST,
            port: 1883,
            pid: 0,
            children: false,
            ver: 4,
            qos: 0,
            sub_qos: 255,
            payload: 256,
            n: 10,
            pubs: 0,
            subs: 0,
            window: 256,
            inflight: 100,
            burst: None,
            secs: 4.0,
            warmup: 0.5,
            settle_ms: 100,
            stall_ms: 1500,
            drain_secs: 10.0,
            setup_secs: 120.0,
            rate: 0.0,
            threads: 1,
            topic: "b/".into(),
            keepalive: 600,
            bufsz: 4 << 20,
            check: true,
            shared: false,
            miss: false,
            filters: 100_000,
            clients: 100,
            sub_batch: 100,
            msgs: 10_000,
            conns: 10_000,
            conc: 32,
            hold: 1.0,
            user: None,
            label: Vec::new(),
            mode: "p2p".into(),
            parse: false,
            cpu: None,
            free: Vec::new(),
            given: Vec::new(),
        };
        let mut p = lexopt::Parser::from_env();
        let mut user = None;
        let mut pass = String::new();
        while let Some(a) = p.next()? {
            match a {
                Long(name) => {
                    let name = name.to_string();
                    o.given.push(name.clone());
                    match name.as_str() {
                        "host" => o.host = p.value()?.parse()?,
                        "port" => o.port = p.value()?.parse()?,
                        "pid" => o.pid = p.value()?.parse()?,
                        "children" => o.children = true,
                        "v5" => o.ver = 5,
                        "qos" => o.qos = p.value()?.parse()?,
                        "sub-qos" => o.sub_qos = p.value()?.parse()?,
                        "payload" => o.payload = p.value()?.parse()?,
                        "n" => o.n = p.value()?.parse()?,
                        "pubs" => o.pubs = p.value()?.parse()?,
                        "subs" => o.subs = p.value()?.parse()?,
                        "window" => o.window = p.value()?.parse()?,
                        "inflight" => o.inflight = p.value()?.parse()?,
                        "burst" => o.burst = Some(p.value()?.parse()?),
                        "secs" => o.secs = p.value()?.parse()?,
                        "warmup" => o.warmup = p.value()?.parse()?,
                        "settle-ms" => o.settle_ms = p.value()?.parse()?,
                        "stall-ms" => o.stall_ms = p.value()?.parse()?,
                        "drain-secs" => o.drain_secs = p.value()?.parse()?,
                        "setup-secs" => o.setup_secs = p.value()?.parse()?,
                        "rate" => o.rate = p.value()?.parse()?,
                        "threads" => o.threads = p.value()?.parse()?,
                        "topic" => o.topic = p.value()?.string()?,
                        "keepalive" => o.keepalive = p.value()?.parse()?,
                        "bufsz" => o.bufsz = p.value()?.parse()?,
                        "no-check" => o.check = false,
                        "shared" => o.shared = true,
                        "miss" => o.miss = true,
                        "filters" => o.filters = p.value()?.parse()?,
                        "clients" => o.clients = p.value()?.parse()?,
                        "sub-batch" => o.sub_batch = p.value()?.parse()?,
                        "msgs" => o.msgs = p.value()?.parse()?,
                        "conns" => o.conns = p.value()?.parse()?,
                        "concurrency" => o.conc = p.value()?.parse()?,
                        "hold" => o.hold = p.value()?.parse()?,
                        "user" => user = Some(p.value()?.string()?),
                        "password" => pass = p.value()?.string()?,
                        "mode" => o.mode = p.value()?.string()?,
                        "parse" => o.parse = true,
                        "cpu" => o.cpu = Some(p.value()?.parse()?),
                        "label" => {
                            let v = p.value()?.string()?;
                            if let Some((k, x)) = v.split_once('=') {
                                o.label.push((k.into(), x.into()));
                            }
                        }
                        _ => return Err(Long(&name).unexpected()),
                    }
                }
                Value(v) => {
                    if o.scenario.is_empty() {
                        o.scenario = v.string()?;
                    } else {
                        o.free.push(v.string()?);
                    }
                }
                x => return Err(x.unexpected()),
            }
        }
        if o.sub_qos == 255 {
            o.sub_qos = o.qos;
        }
        o.user = user.map(|u| (u, pass));
        if !o.host.is_loopback() {
            return Err("only a loopback address is allowed".into());
        }
        Ok(o)
    }
}
