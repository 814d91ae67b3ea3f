using Rge.Search.Stores;
using Rge.Search.Stores.Postgres;
using Rge.Search.Stores.Sqlite;

namespace Rge.Search.Collections;

/// <summary>A kind of store that a person can name by a location: how such a location begins, and what opens it. Immutable.</summary>
/// <param name="IsServer">Whether a location names a server; otherwise it is the path of a file.</param>
/// <param name="Schemes">Schemes of its URLs, without <c>://</c>.</param>
/// <param name="Keywords">Keywords that tell its connection strings: entries <c>keyword=value</c> with <c>;</c> between them.</param>
/// <param name="Open">Opens the store at a location.</param>
internal sealed record StoreKind(bool IsServer, IReadOnlyList<string> Schemes, string[] Keywords, Func<string, SqlVectorStore> Open)
{
    /// <summary>The kinds. The first that takes a location opens it, and the last takes any, as the path of a file.</summary>
    private static readonly StoreKind[] All =
    [
        new(IsServer: true, PostgresVectorStore.Schemes, ["Host", "Server"], location => new PostgresVectorStore(location)),
        new(IsServer: false, [], [], path => new SqliteVectorStore(path)),
    ];

    /// <summary>The kind of a location.</summary>
    public static StoreKind FromLocation(string location) => All.FirstOrDefault(kind => kind.Takes(location)) ?? All[^1];

    private bool Takes(string location) =>
        StoreUrl.Is(location, Schemes)
        || location
            .Split(';')
            .Any(entry => entry.Split('=') is [var keyword, _, ..] && Keywords.Contains(keyword.Trim(), StringComparer.OrdinalIgnoreCase));
}
