namespace Rge;

/// <summary>Why a rationale ended.</summary>
public enum FinishReason
{
    /// <summary>No rationale was generated: the prompt was pooled as it stands.</summary>
    NotGenerated,

    /// <summary>The model wrote <c>&lt;emb&gt;</c>, or what the preset pools in its place.</summary>
    Emb,

    /// <summary>The rationale reached its longest first; see <see cref="LengthAction"/>.</summary>
    Length,

    /// <summary>The model ended its turn without the token that is pooled; see <see cref="DecodeRequest.EndOfTurn"/>.</summary>
    EndOfTurn,
}
