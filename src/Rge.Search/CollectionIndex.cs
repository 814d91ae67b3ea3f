namespace Rge.Search;

/// <summary>How vectors are searched.</summary>
public enum CollectionIndex
{
    /// <summary>All vectors are compared.</summary>
    Exact,

    /// <summary>
    /// A graph leads to the neighbours (hierarchical navigable small world): fast in large collections, and now and then it misses one.
    /// </summary>
    Hnsw,
}
