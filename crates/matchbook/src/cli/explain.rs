//! `matchbook explain`: who would take a booking, and why, without making it (spec 9).

use std::sync::Arc;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use domain::booking::BookingAnswer;
use domain::email_domain::EmailAddress;
use domain::geo::{Country, Geo};
use jiff::Timestamp;
use salesforce::auth::LoopbackPolicy;

use super::Failure;
use super::say::{say, say_exactly};
use crate::app;
use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::routing::supposed::{Explained, Supposed, explain};
use crate::routing::{Lookups, stated};
use crate::store::{EventType, Store};
use crate::sync::{Engine, EngineOptions};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The slug of the event type that would be booked.
    #[arg(long, value_name = "SLUG")]
    event_type: String,

    /// Who would book.
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,

    /// When it would start, such as 2026-12-01T09:30:00Z; without it nobody is left out for being busy.
    #[arg(long, value_name = "INSTANT", value_parser = stated::instant)]
    start: Option<Timestamp>,

    #[command(flatten)]
    place: Place,

    /// Their answer to one of the event type's questions; give it again for more.
    #[arg(long = "answer", value_name = "SLUG=VALUE", value_parser = answer)]
    answers: Vec<BookingAnswer>,

    /// A host or an Account, by name or id: tell why it is not chosen, too.
    #[arg(long, value_name = "NAME_OR_ID")]
    why_not: Option<String>,

    /// Print JSON, as POST /api/v1/routing-decisions answers.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreConfig,

    /// The longest that Salesforce is waited for, in milliseconds; a booking is decided without it after that.
    #[arg(long, env = "MATCHBOOK_LOOKUP_DEADLINE_MS", default_value_t = 3000, value_name = "MILLISECONDS")]
    lookup_deadline_ms: u64,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS", value_parser = BoolishValueParser::new())]
    allow_loopback_orgs: bool,
}

/// Where the booker would be, for the tiebreakers that go by it.
#[derive(Debug, clap::Args)]
struct Place {
    /// The country the booker would be in, by name or ISO code.
    #[arg(long, value_name = "COUNTRY", value_parser = stated::country)]
    country: Option<Country>,

    /// Their state or region, by name or ISO code.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Their city.
    #[arg(long, value_name = "CITY")]
    city: Option<String>,

    /// Their postal code.
    #[arg(long, value_name = "CODE")]
    postal_code: Option<String>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let (store, vault) = app::open(&args.store).await?;
    let loopback = if args.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
    let options = EngineOptions { store: store.clone(), vault, clock: Clock::System, loopback, public_url: None };
    let deadline = Duration::from_millis(args.lookup_deadline_ms);
    let lookups = Arc::new(Lookups::new(Arc::new(Engine::new(options)?), deadline));
    let event_type = event_type(&store, &args.event_type).await?;
    let explained = explain(&lookups, &args.supposed(&event_type)?).await?;
    store.close().await;
    match args.json {
        true => say!("{}", serde_json::to_string_pretty(&explained)?),
        false => tell(&explained, args.why_not.as_deref()),
    }
    Ok(())
}

impl Args {
    fn supposed<'a>(&self, event_type: &'a EventType) -> Result<Supposed<'a>, Failure> {
        let slot = self.start.map(|start| stated::slot(event_type, start)).transpose();
        let Place { country, region, city, postal_code } = &self.place;
        Ok(Supposed {
            event_type,
            email: Some(self.email.clone()),
            slot: slot.map_err(|why| format!("--start: {why}"))?,
            place: Geo::of(*country, region.as_deref(), city.as_deref(), postal_code.as_deref()),
            answers: self.answers.clone(),
            why_not: self.why_not.clone(),
        })
    }
}

async fn event_type(store: &Store, slug: &str) -> Result<EventType, Failure> {
    let mut all = store.event_types().await?;
    if let Some(at) = all.iter().position(|event_type| event_type.slug == slug) {
        return Ok(all.swap_remove(at));
    }
    let slugs: Vec<&str> = all.iter().map(|event_type| event_type.slug.as_str()).collect();
    let there = match slugs.is_empty() {
        true => "there are none yet; add them with `matchbook apply FILE`".to_owned(),
        false => format!("there are: {}", slugs.join(", ")),
    };
    Err(format!("--event-type: no event type has the slug \"{slug}\"; {there}").into())
}

/// Reads such as `company=Acme Ltd`.
fn answer(text: &str) -> Result<BookingAnswer, &'static str> {
    let (slug, value) = text.split_once('=').ok_or("write the question's slug, = and the answer, like company=Acme")?;
    let slug = slug.trim().to_owned();
    if slug.is_empty() {
        return Err("write the question's slug before the =, like company=Acme");
    }
    Ok(BookingAnswer { label: slug.clone(), slug, value: value.to_owned() })
}

fn tell(explained: &Explained, subject: Option<&str>) {
    say_exactly(&explained.trace.told());
    if let (Some(why), Some(subject)) = (&explained.why_not, subject) {
        say!("");
        say!("Why not {subject}");
        say!("  {}", why.replace(char::is_control, " "));
    }
}
