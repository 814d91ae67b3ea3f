namespace Rge.Oracle;

/// <summary>What an endpoint has said about a row; a line of the journal. Has a text, a refusal or a failure.</summary>
internal sealed record OracleAnswer : IJournalEntry
{
    public required string Dataset { get; init; }

    /// <summary>Place of the row in its dataset, from 1.</summary>
    public required int Row { get; init; }

    /// <summary>Key of the row; see <see cref="OracleRow"/>.</summary>
    public required string Key { get; init; }

    /// <summary>What was written.</summary>
    public string? Text { get; init; }

    /// <summary>Why the endpoint wrote nothing of use: asking again would not help.</summary>
    public string? Refusal { get; init; }

    /// <summary>Why there is no answer: asking again may help.</summary>
    public string? Failure { get; init; }

    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    public RowIdentity Identity => new(Dataset, Row, Key);

    public static OracleAnswer To(OracleRow row) =>
        new()
        {
            Dataset = row.Dataset,
            Row = row.Number,
            Key = row.Key,
        };
}
