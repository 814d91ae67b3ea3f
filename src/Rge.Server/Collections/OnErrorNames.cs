using System.Collections.Frozen;

namespace Rge.Server.Collections;

/// <summary>The names of <see cref="OnError"/> in requests.</summary>
internal static class OnErrorNames
{
    /// <summary>What is meant where a request says nothing.</summary>
    public const string Default = "skip";

    /// <summary>All of them.</summary>
    public static FrozenDictionary<string, OnError> All { get; } =
        FrozenDictionary.Create<string, OnError>(StringComparer.Ordinal, new(Default, OnError.Skip), new("fail", OnError.Fail));
}
