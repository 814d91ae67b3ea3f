namespace Rge.Search.Stores;

/// <summary>The reason why a reachable store refuses a request, where callers act on it.</summary>
public enum StoreProblem
{
    /// <summary>There is no space left where the store keeps its data. Reading still works; writing does once there is room.</summary>
    Full,

    /// <summary>The store can be read but not written.</summary>
    ReadOnly,

    /// <summary>Another process kept the store locked for longer than was waited.</summary>
    Locked,

    /// <summary>A newer version of this library wrote the store.</summary>
    TooNew,

    /// <summary>Something in the store is not what was written there.</summary>
    Damaged,

    /// <summary>The file of the store was deleted or replaced while it was open; what is written to it would be lost.</summary>
    Gone,
}
