namespace Rge.Models.Tokens.Jinja;

/// <summary>How much work and memory a rendering may take: a unit is a step, or a character or list entry that is made.</summary>
/// <remarks>Bounds what a malicious template can do. Not thread-safe: one for each rendering.</remarks>
internal sealed class RenderBudget(long units)
{
    /// <summary>Units for an entry of a list that is a text of its own, which weighs more than its characters.</summary>
    public const int TextEntry = 16;

    private long _left = units;

    /// <summary>Takes units away.</summary>
    /// <exception cref="JinjaException">None are left.</exception>
    public void Spend(long units)
    {
        if ((_left -= units) < 0) throw new JinjaException("takes too many steps or makes too much text", 0);
    }
}
