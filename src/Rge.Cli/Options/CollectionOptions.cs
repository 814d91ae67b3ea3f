using System.CommandLine;
using System.CommandLine.Parsing;
using Rge.Cli.Output;
using Rge.Files;
using Rge.Search;
using Rge.Search.Collections;

namespace Rge.Cli.Options;

/// <summary>The options that name a collection: the store and the name in it.</summary>
internal sealed class CollectionOptions
{
    /// <summary>The variable that names the store, so that a password need not be on a command line.</summary>
    public const string StoreVariable = "RGE_STORE";

    /// <summary>The store where none is named.</summary>
    public static string DefaultStore => Environment.GetEnvironmentVariable(StoreVariable) is { Length: > 0 } store ? store : "rge.db";

    private readonly Option<string> _store = new("--store")
    {
        Description =
            $"A file (SQLite), or a PostgreSQL server with pgvector: postgresql://user@host/database. Better in {StoreVariable} when "
            + "it has a password.",
        DefaultValueFactory = _ => DefaultStore,
    };

    private readonly Option<string> _collection = new("--collection")
    {
        Description = "Name of the collection.",
        DefaultValueFactory = _ => "items",
    };

    public CollectionOptions() => _collection.Validators.Add(result => Check(result, result.GetValueOrDefault<string>()));

    /// <summary>Refuses an argument that cannot be the name of a collection.</summary>
    public static void RequireName(Argument<string> name) =>
        name.Validators.Add(result => Check(result, result.GetValueOrDefault<string>()));

    public void AddTo(Command command)
    {
        AddStoreTo(command);
        command.Add(_collection);
    }

    /// <summary>Adds the store alone, for commands that name the collection in another way or none.</summary>
    public void AddStoreTo(Command command) => command.Add(_store);

    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_collection);

    /// <summary>Opens the store.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="terminal">Where it is said that another process keeps the store locked.</param>
    /// <param name="mustExist">Whether a file has to be there already.</param>
    /// <exception cref="CliException">The file is missing, or the connection string cannot be understood.</exception>
    public SearchCollections Open(ParseResult parsed, Terminal terminal, bool mustExist)
    {
        var location = parsed.GetRequiredValue(_store);
        if (mustExist && !SearchCollections.IsServer(location) && !File.Exists(location))
            throw new CliException($"There is no store {location}; rge index makes one.");
        try
        {
            return SearchCollections.Open(location, new Relay<string>(terminal.Remark));
        }
        catch (ArgumentException e)
        {
            throw new CliException($"--store cannot be understood: {e.Message}", e);
        }
    }

    private static void Check(SymbolResult result, string? name)
    {
        try
        {
            SearchCollections.Check(name ?? "");
        }
        catch (SearchException e)
        {
            result.AddError(e.Message);
        }
    }
}
