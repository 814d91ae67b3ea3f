namespace Rge.Presets;

/// <summary>Which hidden state is the embedding. Immutable.</summary>
/// <param name="Kind">At which token it is.</param>
/// <param name="Token">The token as it is written; <see langword="null"/> for <see cref="PoolingKind.LastToken"/>.</param>
public sealed record PresetPooling(PoolingKind Kind, string? Token)
{
    /// <summary>Whether the token is one that ends a rationale, so that there can be one.</summary>
    public bool EndsRationale => Kind is PoolingKind.WrittenToken or PoolingKind.BeforeToken;
}
