namespace Rge.Text.Jinja;

/// <summary>
/// How much work and memory a rendering may take: a unit is a step, or a character or list entry that is looked at or made.
/// </summary>
/// <remarks>
/// Bounds what a malicious template can do: nothing whose size a template decides is walked, copied or hashed without a charge. Not
/// thread-safe: one for each rendering.
/// </remarks>
internal sealed class RenderBudget(long units)
{
    /// <summary>Units for an entry of a list that is a text of its own, which weighs more than its characters.</summary>
    public const int TextEntry = 16;

    /// <summary>Characters of a sought text that are compared in about the time of a unit.</summary>
    private const int ComparedAtOnce = 64;

    private long _left = units;

    /// <summary>Takes the units of a search in a text away: at worst nearly all of what is sought is compared at every place.</summary>
    /// <exception cref="JinjaException">None are left.</exception>
    public void SpendSearch(int length, int sought) => Spend((long)length * (1 + (sought / ComparedAtOnce)));

    /// <summary>Takes units away.</summary>
    /// <exception cref="JinjaException">None are left.</exception>
    public void Spend(long units)
    {
        if ((_left -= units) < 0)
            throw new JinjaException("takes too many steps or makes too much text", 0);
    }
}
