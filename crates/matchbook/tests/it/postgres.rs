//! A private PostgreSQL for the tests, from the machine's own binaries: one server for all of them, a schema for each.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use matchbook::store::Place;
use secrecy::SecretString;

/// The server; it ends with the process, since its keeper then reads the end of its input.
struct Server {
    sockets: PathBuf,
    _keeper: Mutex<Child>,
    _folder: tempfile::TempDir,
}

/// A fresh schema on the private server; none where the machine has no PostgreSQL, which is told, and in CI is a failure.
pub(crate) async fn fresh_schema() -> Option<Place> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server =
        tokio::task::spawn_blocking(|| SERVER.get_or_init(start).as_ref()).await.expect("the server was started")?;
    let schema = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = |options: &str| format!("postgres:///postgres?host={}&user=postgres{options}", server.sockets.display());
    let pool = sqlx::PgPool::connect(&url("")).await.expect("the private PostgreSQL answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.expect("a new schema");
    pool.close().await;
    Some(Place::Postgres(SecretString::from(url(&format!("&options=-csearch_path%3D{schema}")))))
}

fn start() -> Option<Server> {
    let Some(binaries) = binaries() else {
        let told = "PostgreSQL was not run: this machine has no initdb and postgres. Install them to run the suite on it, too.\n";
        let _ = std::io::stderr().write_all(told.as_bytes());
        assert!(std::env::var_os("CI").is_none(), "{told}");
        return None;
    };
    let folder = tempfile::Builder::new().prefix("matchbook-pg-").tempdir().expect("a folder");
    let mut shell = as_plain_user(folder.path());
    let script = r#"
        cd "$1" && "$2/initdb" -D data -U postgres -A trust --no-sync >initdb.log 2>&1 || exit 1
        "$2/postgres" -D data -k "$1" -c listen_addresses= -c fsync=off -c max_connections=300 >server.log 2>&1 &
        until grep -q 'ready to accept connections' server.log; do kill -0 $! || exit 1; sleep 0.05; done
        echo ready; cat >/dev/null; kill -INT $!; wait; cd / && rm -rf "$1""#;
    shell.args(["-c", script, "keeper"]).arg(folder.path()).arg(binaries);
    let mut keeper = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut line = String::new();
    let output = keeper.stdout.take().expect("its output is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).expect("its output is text");
    assert_eq!(line.trim(), "ready", "the private PostgreSQL did not start; see {}", folder.path().display());
    Some(Server { sockets: folder.path().to_owned(), _keeper: Mutex::new(keeper), _folder: folder })
}

/// Where `initdb` and `postgres` are: on the path, or where Debian keeps them.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|v| v.path().join("bin"));
    std::env::split_paths(&path)
        .chain(debian)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// A shell that is not root's: PostgreSQL refuses to run as root.
fn as_plain_user(folder: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().expect("`id` runs");
    if id.stdout.trim_ascii() != b"0" {
        return Command::new("sh");
    }
    let owned = Command::new("chown").arg("postgres").arg(folder).status().expect("`chown` runs");
    assert!(owned.success(), "as root, the tests need a user named postgres to run PostgreSQL as");
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", "sh"]);
    command
}
