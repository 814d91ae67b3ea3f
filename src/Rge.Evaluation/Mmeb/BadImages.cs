namespace Rge.Evaluation.Mmeb;

/// <summary>What happens with rows whose pictures cannot be used.</summary>
public enum BadImages
{
    /// <summary>The evaluation ends with an error that names the row.</summary>
    Fail,

    /// <summary>
    /// A row whose query or right candidate is concerned is left out and counted; of other candidates the concerned ones are left out of
    /// their rows' lists and counted.
    /// </summary>
    Skip,
}
