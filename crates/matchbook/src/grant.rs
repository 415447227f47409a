//! How a connection gets its tokens (spec 2), in the words of the configuration file and the database.

/// How a connection gets its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionGrant {
    /// OAuth 2.0 client credentials, as the app's Run-As user. Its secret is the app's client secret.
    ClientCredentials,
    /// An assertion, signed with the private key that is its secret.
    JwtBearer {
        /// The sign-in name of the Salesforce user to act as.
        username: String,
    },
    /// The web server flow with PKCE: an admin connects in the browser. Its secret is the app's client secret.
    WebServer,
}

impl ConnectionGrant {
    /// The word for client credentials.
    pub const CLIENT_CREDENTIALS: &str = "client_credentials";
    /// The word for the JWT bearer flow.
    pub const JWT_BEARER: &str = "jwt_bearer";
    /// The word for the web server flow.
    pub const WEB_SERVER: &str = "web_server";
    /// All words.
    pub const WORDS: [&str; 3] = [Self::CLIENT_CREDENTIALS, Self::JWT_BEARER, Self::WEB_SERVER];

    /// The grant of a word; `None` for an unknown one, or for the JWT bearer flow without a user.
    pub fn from_words(word: &str, username: Option<String>) -> Option<Self> {
        match (word, username) {
            (Self::CLIENT_CREDENTIALS, _) => Some(Self::ClientCredentials),
            (Self::JWT_BEARER, Some(username)) => Some(Self::JwtBearer { username }),
            (Self::WEB_SERVER, _) => Some(Self::WebServer),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::ClientCredentials => Self::CLIENT_CREDENTIALS,
            Self::JwtBearer { .. } => Self::JWT_BEARER,
            Self::WebServer => Self::WEB_SERVER,
        }
    }

    /// The Salesforce user to act as, where the configuration says so.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::JwtBearer { username } => Some(username),
            Self::ClientCredentials | Self::WebServer => None,
        }
    }
}
