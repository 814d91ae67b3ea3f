namespace Rge.Search.Collections;

/// <summary>An entry of the catalog of collections.</summary>
internal sealed class CatalogRecord
{
    /// <summary>Name of the collection.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its <see cref="CollectionIdentity"/> as JSON.</summary>
    public string Identity { get; set; } = "";
}
