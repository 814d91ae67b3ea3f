namespace Rge;

/// <summary>What is pooled when a rationale reaches its token budget without <c>&lt;emb&gt;</c>.</summary>
public enum LengthAction
{
    /// <summary><c>&lt;emb&gt;</c> is appended, so that the embedding is always taken at the token it was trained at.</summary>
    AppendEmb,

    /// <summary>The last generated token is pooled, whatever it is: the reference's way, for parity.</summary>
    PoolLastToken,
}
