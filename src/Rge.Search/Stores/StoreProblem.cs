namespace Rge.Search.Stores;

/// <summary>Why a store failed, as far as that decides what to do next.</summary>
public enum StoreProblem
{
    /// <summary>Something else; the message says what.</summary>
    Other,

    /// <summary>The server cannot be reached, or is just starting or stopping. Asking again later may help.</summary>
    Unavailable,

    /// <summary>There is no space left where the store keeps its data. Reading still works; writing does once there is room.</summary>
    Full,

    /// <summary>The store can be read but not written.</summary>
    ReadOnly,

    /// <summary>Another process kept the store locked for longer than was waited.</summary>
    Locked,

    /// <summary>A newer version of this library wrote the store.</summary>
    TooNew,
}
