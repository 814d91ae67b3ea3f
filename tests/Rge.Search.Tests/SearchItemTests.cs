using CsCheck;

namespace Rge.Search.Tests;

public sealed class SearchItemTests
{
    [Fact]
    public void Equal_content_has_one_id_wherever_it_lies()
    {
        byte[] image = [1, 2, 3];
        var item = new SearchItem
        {
            Images = [image],
            Path = "/a/b.png",
            Metadata = [new("x", "1"), new("y", "2")],
        };
        Assert.Matches("^[0-9a-f]{32}$", item.Id());
        Assert.Equal(item.Id(), (item with { Path = "/c.png", Metadata = [new("y", "2"), new("x", "1")] }).Id());
    }

    [Fact]
    public void Different_content_has_different_ids()
    {
        var parts = Gen.Select(Gen.String.Null(), Gen.String.Null(), Gen.Byte.Array[0, 3].Array[0, 3]);
        Gen.Select(parts, parts)
            .Sample(
                (one, other) =>
                {
                    var same =
                        one.Item1 == other.Item1
                        && one.Item2 == other.Item2
                        && one.Item3.Length == other.Item3.Length
                        && one.Item3.Zip(other.Item3).All(pair => pair.First.SequenceEqual(pair.Second));
                    Assert.Equal(same, Item(one).Id() == Item(other).Id());
                }
            );
        Assert.NotEqual(new SearchItem { Text = "ab", Key = "c" }.Id(), new SearchItem { Text = "a", Key = "bc" }.Id());
        Assert.NotEqual(new SearchItem { Text = "" }.Id(), new SearchItem().Id());

        static SearchItem Item((string? Key, string? Text, byte[][] Images) parts) =>
            new()
            {
                Key = parts.Key,
                Text = parts.Text,
                Images = [.. parts.Images.Select(image => (ReadOnlyMemory<byte>)image)],
            };
    }

    [Theory]
    [InlineData("a=b")]
    [InlineData("")]
    [InlineData("a!")]
    [InlineData("a<")]
    [InlineData("a>b")]
    [InlineData(" a")]
    [InlineData("a ")]
    public void Metadata_keys_that_filters_could_not_tell_are_refused(string key) =>
        Assert.Throws<SearchException>(() => new SearchItem { Text = "x", Metadata = [new(key, "v")] }.Check());

    [Fact]
    public void Texts_that_no_store_keeps_are_refused()
    {
        foreach (var text in (string[])["a\0", "\uD800", "a\uDC00b", "\uDC00\uD800"])
            Assert.Throws<SearchException>(() => new SearchItem { Text = text }.Check());
        new SearchItem { Text = "😀 fine" }.Check();
    }

    [Theory]
    [InlineData("color=red", "color", "red", false)]
    [InlineData("color!=red", "color", "red", true)]
    [InlineData("a=b=c", "a", "b=c", false)]
    [InlineData("a=!", "a", "!", false)]
    [InlineData("a=", "a", "", false)]
    public void Conditions_are_read_as_people_write_them(string condition, string key, string value, bool isNot)
    {
        var filter = SearchFilter.Parse([condition]);
        Assert.Equal([value], (isNot ? filter.NoneOf : filter.AnyOf)[key]);
        Assert.Empty(isNot ? filter.AnyOf : filter.NoneOf);
    }

    [Theory]
    [InlineData("color")]
    [InlineData("=red")]
    [InlineData("!=red")]
    [InlineData("year")]
    [InlineData("year!2020")]
    [InlineData("year==2020")]
    [InlineData("year!==2020")]
    [InlineData("year=>2020")]
    [InlineData("year=<2020")]
    [InlineData("year<>2020")]
    [InlineData("year<=>2020")]
    [InlineData("year>=")]
    [InlineData("year>>2020")]
    [InlineData(">=2020")]
    [InlineData("year~=2020")]
    [InlineData("year*=2020")]
    [InlineData("year>=1,000")]
    [InlineData("year>=2020x")]
    [InlineData("year>= ")]
    [InlineData("price<5=x")]
    [InlineData("new>=true")]
    [InlineData("2000<year<2020")]
    public void Conditions_that_are_none_are_refused(string condition) =>
        Assert.Throws<SearchException>(() => SearchFilter.Parse([condition]));
}
