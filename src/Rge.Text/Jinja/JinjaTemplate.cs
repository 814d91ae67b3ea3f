namespace Rge.Text.Jinja;

/// <summary>
/// A parsed template in the part of Jinja that chat templates use, with the settings of transformers. Nothing in it can reach outside:
/// there are no imports, no attributes but those of the values given, and a budget on work, memory and depth. Immutable and thread-safe.
/// </summary>
internal sealed class JinjaTemplate
{
    // Real templates take a few thousand steps; the caller's text may be copied a few times on top of that.
    private const long FixedBudget = 1 << 22,
        BudgetPerCharacter = 16;

    private readonly IReadOnlyList<Statement> _statements;

    private JinjaTemplate(IReadOnlyList<Statement> statements) => _statements = statements;

    /// <summary>Parses a template.</summary>
    /// <exception cref="JinjaException">It is malformed or uses unsupported features.</exception>
    public static JinjaTemplate Parse(string template) => new(JinjaParser.Parse(template));

    /// <summary>Renders the template.</summary>
    /// <param name="variables">The variables of the template; see <see cref="TemplateValue"/> for the values.</param>
    /// <param name="givenLength">Characters of text in the variables, which raises the budget of the rendering.</param>
    /// <exception cref="JinjaException">The template fails, or exceeds its budget.</exception>
    public TracedText Render(IEnumerable<KeyValuePair<string, object?>> variables, long givenLength = 0) =>
        TemplateRenderer.Render(_statements, variables, new RenderBudget(FixedBudget + (BudgetPerCharacter * givenLength)));
}
