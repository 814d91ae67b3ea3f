using System.ComponentModel;
using Rge.Search;

namespace Rge.Server.Collections;

/// <summary>A collection.</summary>
internal sealed record CollectionAnswer(
    string Name,
    [property: Description("The model that its vectors were made with.")] string Model,
    [property: Description("Whether that is the model of this server: others' can neither be searched nor filled here.")] bool Usable,
    int Dimensions,
    string? Instruction,
    [property: Description("How it is searched: exact or hnsw.")] string Index,
    [property: Description("Items that can be found.")] long Records
)
{
    /// <summary>Makes the answer.</summary>
    /// <param name="own">What this model's vectors are.</param>
    /// <param name="name">The name of the collection.</param>
    /// <param name="identity">What its vectors are.</param>
    /// <param name="stats">How much it holds.</param>
    public static CollectionAnswer From(CollectionIdentity own, string name, CollectionIdentity identity, CollectionStats stats) =>
        new(
            name,
            identity.Model,
            identity.Fingerprint == own.Fingerprint,
            identity.Dimensions,
            identity.Instruction,
            SearchNames.NameOf(identity.Index),
            stats.Records
        );

    /// <summary>Makes the answer of a collection that is open.</summary>
    public static async Task<CollectionAnswer> OfAsync(CollectionIdentity own, ServedCollection served, CancellationToken cancellationToken)
    {
        var collection = served.Collection;
        return From(own, collection.Name, collection.Identity, await collection.StatsAsync(cancellationToken));
    }
}

/// <summary>Collections.</summary>
internal sealed record CollectionList(IReadOnlyList<CollectionAnswer> Collections);
