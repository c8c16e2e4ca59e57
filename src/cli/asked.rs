//! What the user asked for: the arguments, and the command that they name.

use clap::Command;

/// What a message about wrong usage refers to.
pub(crate) struct Asked<'a> {
    /// All commands.
    pub(crate) whole: &'a Command,
    /// The arguments, the program's name included.
    pub(crate) arguments: &'a [String],
    /// The names of the models, aliases included.
    pub(crate) models: &'a [&'a str],
}

impl Asked<'_> {
    /// The program, and the command that the arguments name.
    pub(crate) fn path(&self) -> Vec<&str> {
        let named = self.arguments.get(1);
        let named = named.and_then(|name| self.whole.find_subcommand(name));
        let names = std::iter::once(self.whole).chain(named);
        names.map(Command::get_name).collect()
    }

    /// The list that has this value after a comma, as it was typed.
    pub(crate) fn list_with(&self, value: &str) -> Option<String> {
        let lists = self.arguments.iter().map(|word| {
            // `--clients=1,2` or `-c1,2` in one word.
            match word
                .strip_prefix("--")
                .and_then(|long| long.split_once('='))
            {
                Some((_, list)) => list,
                None if word.starts_with('-') => word.get(2..).unwrap_or_default(),
                None => word,
            }
        });
        let mut lists = lists.filter(|list| list.contains(','));
        let found = lists.find(|list| list.split(',').skip(1).any(|one| one == value));
        found.map(str::to_owned)
    }

    /// The first word that is neither the command, nor an option, nor the value of one.
    pub(crate) fn stray_word(&self) -> Option<&str> {
        let path = self.path();
        let named = path
            .get(1)
            .and_then(|name| self.whole.find_subcommand(name));
        let command = named.unwrap_or(self.whole);
        let takes_value = |word: &str| {
            let mut options = command.get_opts();
            options.any(|option| {
                let short = option.get_short().map(|short| format!("-{short}"));
                let long = option.get_long().map(|long| format!("--{long}"));
                let is_named = short.as_deref() == Some(word) || long.as_deref() == Some(word);
                is_named && option.get_action().takes_values()
            })
        };
        let mut words = self.arguments.windows(2).skip(path.len() - 1);
        let found = words.find(|pair| !pair[1].starts_with('-') && !takes_value(&pair[0]));
        found.map(|pair| pair[1].as_str())
    }
}
