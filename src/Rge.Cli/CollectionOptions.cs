using System.CommandLine;
using Rge.Search;

namespace Rge.Cli;

/// <summary>The options that name a collection: the store and the name in it.</summary>
internal sealed class CollectionOptions
{
    /// <summary>The variable that names the store, so that a password need not be on a command line.</summary>
    public const string StoreVariable = "RGE_STORE";

    /// <summary>The store where none is named.</summary>
    public static string DefaultStore => Environment.GetEnvironmentVariable(StoreVariable) is { Length: > 0 } store ? store : "rge.db";

    private readonly Option<string> _store = new("--store")
    {
        Description = $"A file (SQLite), or a PostgreSQL server with pgvector: postgresql://user@host/database. Better in {StoreVariable} when it has a password.",
        DefaultValueFactory = _ => DefaultStore,
    };

    private readonly Option<string> _collection = new("--collection") { Description = "Name of the collection.", DefaultValueFactory = _ => "items" };

    public void AddTo(Command command)
    {
        command.Add(_store);
        command.Add(_collection);
    }

    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_collection);

    /// <summary>Opens the store.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="mustExist">Whether a file has to be there already.</param>
    /// <exception cref="CliException">The file is missing, or the connection string cannot be understood.</exception>
    public SearchCollections Open(ParseResult parsed, bool mustExist)
    {
        var location = parsed.GetRequiredValue(_store);
        if (mustExist && !SearchCollections.IsServer(location) && !File.Exists(location)) throw new CliException($"There is no store {location}; rge index makes one.");
        try
        {
            return SearchCollections.Open(location);
        }
        catch (Exception e) when (e is ArgumentException or UriFormatException)
        {
            throw new CliException($"--store cannot be understood: {e.Message}", e);
        }
    }
}
