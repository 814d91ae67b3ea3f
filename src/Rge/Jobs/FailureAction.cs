namespace Rge.Jobs;

/// <summary>What a job does with rows that cannot be embedded. In both cases every other row is embedded and kept.</summary>
public enum FailureAction
{
    /// <summary>The output is not written until every row is embedded. What has been embedded is kept for the next run.</summary>
    Fail,

    /// <summary>The output is written; a row that failed says why instead of having an embedding.</summary>
    Skip,
}
