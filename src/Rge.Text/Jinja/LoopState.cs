namespace Rge.Text.Jinja;

/// <summary>The variable <c>loop</c> inside a loop.</summary>
internal sealed record LoopState(IReadOnlyList<object?> Entries, int Index)
{
    /// <summary>An attribute by its name.</summary>
    public object? this[string name] =>
        name switch
        {
            "index" => (long)Index + 1,
            "index0" => (long)Index,
            "revindex" => (long)Entries.Count - Index,
            "revindex0" => (long)Entries.Count - Index - 1,
            "first" => Index == 0,
            "last" => Index == Entries.Count - 1,
            "length" => (long)Entries.Count,
            "previtem" => Index > 0 ? Entries[Index - 1] : new Undefined("loop.previtem"),
            "nextitem" => Index + 1 < Entries.Count ? Entries[Index + 1] : new Undefined("loop.nextitem"),
            _ => new Undefined($"loop.{name}"),
        };
}
