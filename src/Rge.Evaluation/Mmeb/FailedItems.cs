namespace Rge.Evaluation.Mmeb;

/// <summary>What to do with rows whose items cannot be embedded: their images cannot be used, or they are too long.</summary>
public enum FailedItems
{
    /// <summary>The evaluation ends with an error that names the row. What was embedded with it is kept.</summary>
    Fail,

    /// <summary>
    /// A row whose query or right candidate is concerned is left out and counted; of other candidates the concerned ones are left out of
    /// their rows' lists and counted. Each is listed with its row and what is wrong.
    /// </summary>
    Skip,
}
