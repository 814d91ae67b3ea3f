namespace Rge.Server.Collections;

/// <summary>What becomes of a request when one of its items cannot be indexed.</summary>
internal enum OnError
{
    /// <summary>The item is listed in the answer, the others are stored.</summary>
    Skip,

    /// <summary>The answer is an error that names the item.</summary>
    Fail,
}
