namespace Rge;

/// <summary>Why a rationale ended.</summary>
public enum RationaleEnd
{
    /// <summary>No rationale was generated: the prompt was pooled as it stands.</summary>
    NotGenerated,

    /// <summary>The model wrote <c>&lt;emb&gt;</c> itself.</summary>
    Emb,

    /// <summary>The token budget ran out first; see <see cref="BudgetAction"/>.</summary>
    BudgetSpent,
}
