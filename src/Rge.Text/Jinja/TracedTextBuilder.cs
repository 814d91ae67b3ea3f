using System.Runtime.InteropServices;
using System.Text;

namespace Rge.Text.Jinja;

/// <summary>Puts a <see cref="TracedText"/> together, within the budget of a rendering.</summary>
internal sealed class TracedTextBuilder(RenderBudget budget)
{
    private readonly StringBuilder _characters = new();
    private readonly List<bool> _fromCaller = [];

    public TracedTextBuilder Append(string text) => Append(TracedText.FromTemplate(text));

    public TracedTextBuilder Append(TracedText text)
    {
        budget.Spend(text.Length);
        _characters.Append(text.Value);
        for (var i = 0; i < text.Length; i++)
            _fromCaller.Add(text.IsFromCaller(i));
        return this;
    }

    public TracedText ToText() => TracedText.Create(_characters.ToString(), CollectionsMarshal.AsSpan(_fromCaller));
}
