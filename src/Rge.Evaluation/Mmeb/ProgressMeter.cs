namespace Rge.Evaluation.Mmeb;

/// <summary>Counts items and estimates the time left: queries that reason take many times as long as candidates.</summary>
internal sealed class ProgressMeter(IProgress<MmebProgress>? progress)
{
    private readonly Kind _queries = new(),
        _candidates = new();
    private string _subset = "";

    public void Expect(int queries, int candidates)
    {
        _queries.Total += queries;
        _candidates.Total += candidates;
    }

    public void Begin(string subset)
    {
        _subset = subset;
        Report();
    }

    public void Queries(int items, double seconds) => Add(_queries, items, seconds);

    public void Candidates(int items, double seconds) => Add(_candidates, items, seconds);

    public void Finish(SubsetScore score, SubsetScore? before) => Report(score, before);

    private void Add(Kind kind, int items, double seconds)
    {
        kind.Done += items;
        if (seconds > 0)
            (kind.Embedded, kind.Seconds) = (kind.Embedded + items, kind.Seconds + seconds);
        Report();
    }

    private void Report(SubsetScore? score = null, SubsetScore? before = null) =>
        progress?.Report(
            new MmebProgress(_subset, _queries.Done + _candidates.Done, _queries.Total + _candidates.Total, TimeLeft(), score, before)
        );

    private TimeSpan? TimeLeft()
    {
        var embedded = _queries.Embedded + _candidates.Embedded;
        if (embedded == 0)
            return null;
        var mean = (_queries.Seconds + _candidates.Seconds) / embedded;
        return TimeSpan.FromSeconds(_queries.Left(mean) + _candidates.Left(mean));
    }

    private sealed class Kind
    {
        public long Total { get; set; }

        public long Done { get; set; }

        public long Embedded { get; set; }

        public double Seconds { get; set; }

        /// <summary>Seconds left, by the mean of all kinds where none of this one was embedded yet.</summary>
        public double Left(double mean) => (Total - Done) * (Embedded > 0 ? Seconds / Embedded : mean);
    }
}
