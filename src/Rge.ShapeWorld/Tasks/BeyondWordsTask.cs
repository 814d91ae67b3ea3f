using Rge.Files;

namespace Rge.ShapeWorld.Tasks;

/// <summary>
/// Makes the questions of a dataset whose rationales single out what is looked for, but cannot say all of it: for each question there are
/// wrong answers of which every word of the conclusion is true, and others that look like what the query shows.
/// </summary>
/// <remarks>
/// The looks of the scenes that queries and answers show are settled. The words of the rationale alone leave half of a row's candidates,
/// and so do the pixels of the query without the rationale.
/// </remarks>
internal abstract class BeyondWordsTask(string name, string group) : ShapeTask(name, group)
{
    /// <summary>Wrong candidates of an evaluation row of which the conclusion is true.</summary>
    public const int SameWordsCandidates = 15;

    /// <summary>Wrong candidates of an evaluation row of which the conclusion is false.</summary>
    public const int OtherWordsCandidates = 16;

    /// <summary>The wrong candidates of an evaluation row, all different.</summary>
    public IEnumerable<Answer> Candidates(SplitMix64 random, Question question) =>
        Twins(random, question, SameWordsCandidates).Concat(Different(question, OtherWords(random, question)).Take(OtherWordsCandidates));

    /// <summary>Draws a wrong answer of which the rationale's conclusion is true.</summary>
    protected abstract Answer SameWords(SplitMix64 random, Question question);

    /// <summary>
    /// Draws wrong answers that look like the query, or like parts of it, and of which the conclusion is false, the most likely mistake
    /// first; without end, or as many as there are.
    /// </summary>
    protected abstract IEnumerable<Answer> OtherWords(SplitMix64 random, Question question);

    /// <summary>Wrong answers of which the rationale's conclusion is true, all different.</summary>
    protected IEnumerable<Answer> Twins(SplitMix64 random, Question question, int count) =>
        Different(question, Repeat(() => SameWords(random, question))).Take(count);

    /// <summary>
    /// Gives each question of a group its negatives; null where answers are equal, or one question's negative is the answer of another.
    /// </summary>
    protected static Question[]? WithNegatives(IEnumerable<Question> questions, Func<Question, IEnumerable<Answer>> wrong)
    {
        Question[] complete = [.. questions.Select(question => question with { Negatives = [.. wrong(question)] })];
        var right = complete.Select(question => question.Answer!.Key).ToHashSet(StringComparer.Ordinal);
        return
            right.Count == complete.Length
            && !complete.SelectMany(question => question.Negatives).Any(negative => right.Contains(negative.Key))
            ? complete
            : null;
    }

    private static IEnumerable<Answer> Different(Question question, IEnumerable<Answer> answers) =>
        answers.Prepend(question.Answer!).DistinctBy(answer => answer.Key, StringComparer.Ordinal).Skip(1);

    private static IEnumerable<Answer> Repeat(Func<Answer> draw)
    {
        while (true)
            yield return draw();
    }
}
