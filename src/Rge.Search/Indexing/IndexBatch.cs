namespace Rge.Search.Indexing;

/// <summary>Some files or rows of a source, sorted by what there is to do for them.</summary>
internal sealed class IndexBatch
{
    /// <summary>Number of files or rows.</summary>
    public required int Count { get; init; }

    /// <summary>Number of unchanged files or rows.</summary>
    public int Unchanged { get; set; }

    /// <summary>Those whose items this worker holds.</summary>
    public List<HeldItem> Held { get; } = [];

    /// <summary>Those whose items another worker holds, with the ids that have to be waited for.</summary>
    public List<(SourcePlace Place, string[] Ids)> Waiting { get; } = [];

    /// <summary>Items to embed, by id.</summary>
    public Dictionary<string, PreparedItem> New { get; } = new(StringComparer.Ordinal);

    /// <summary>Records to write whose vectors the collection has already, by id.</summary>
    public Dictionary<string, NewRecord> Known { get; } = new(StringComparer.Ordinal);

    /// <summary>What cannot be read or decoded.</summary>
    public List<BrokenItem> Broken { get; } = [];

    /// <summary>All ids that are claimed for the batch.</summary>
    public HashSet<string> Claimed { get; } = new(StringComparer.Ordinal);
}
