namespace Rge.Training.Settings;

/// <summary>Which of a query's sampled rationales InfoNCE embeds it after, in a step of the task <c>reinforce</c>.</summary>
public enum RationaleContrast
{
    /// <summary>The first.</summary>
    First,

    /// <summary>Each, as if the query were there so many times.</summary>
    All,

    /// <summary>None: there is no InfoNCE, and embeddings move only with what is learned about rationales.</summary>
    None,
}
