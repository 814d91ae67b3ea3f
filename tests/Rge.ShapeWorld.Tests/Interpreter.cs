using System.Text.RegularExpressions;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tests;

/// <summary>Works out rationale and answer from a query's words and a table of what is where; shares no code with the generator.</summary>
internal sealed class Interpreter
{
    private static readonly string[] Compass =
    [
        "northwest",
        "north",
        "northeast",
        "west",
        "center",
        "east",
        "southwest",
        "south",
        "southeast",
    ];
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five", "six"];

    private readonly Dictionary<string, Thing> _things = [];

    private Interpreter(IEnumerable<(string Place, Thing Thing)> things)
    {
        foreach (var (place, thing) in things)
            _things.Add(place, thing);
    }

    public static Interpreter Of(Scene scene) =>
        new(
            from place in Compass.Index()
            let content = scene[(Cell)place.Index]
            where content is not null
            select (place.Item, new Thing(Name(content.Value.Color), Name(content.Value.Shape)))
        );

    /// <summary>All things in reading order, place first.</summary>
    public string Listing => List(Places);

    private IEnumerable<string> Places => Compass.Where(_things.ContainsKey);

    /// <summary>Rationale and answer of a query. An image's answer is its listing, a crop's the place.</summary>
    public static (string Rationale, string Answer) Solve(string dataset, string text, Scene? scene)
    {
        if (dataset == "ret_t2i")
            return ReadChain(text);
        var world = Of(scene!);
        return dataset switch
        {
            "cls_major" => world.Major(),
            "cls_twins" => world.Twins(),
            "cls_row" => world.Row(),
            "vqa_path" => world.Path(text, crop: false),
            "grd_path" => world.Path(text, crop: true),
            "vqa_attr" => world.Attribute(text),
            "vqa_count" => world.Count(text),
            "ret_i2t" => (world.Listing, world.Listing),
            "ret_comp" => world.Compose(text),
            "grd_same" => world.Same(text),
            "ret_twin" => world.Twin(text),
            "ret_aspect" => world.Aspect(text),
            "grd_twin" => world.Path(text, crop: true),
            _ => throw new ArgumentException(dataset, nameof(dataset)),
        };
    }

    private (string, string) Major()
    {
        var thing = new Thing(MostCommon(t => t.Color), MostCommon(t => t.Shape));
        return ($"{Listing} so {thing}", $"{thing} class");

        string MostCommon(Func<Thing, string> of)
        {
            var counts = _things.Values.GroupBy(of).OrderByDescending(g => g.Count()).ToList();
            Assert.True(counts[0].Count() >= 3 && counts.Skip(1).All(g => g.Count() <= 2));
            return counts[0].Key;
        }
    }

    private (string, string) Twins()
    {
        var pair = Places.GroupBy(place => _things[place].Color).Single(g => g.Count() > 1).ToList();
        Assert.Equal(2, pair.Count);
        var shapes = $"{_things[pair[0]].Shape} {_things[pair[1]].Shape}";
        var colors = string.Join(' ', Places.Select(place => $"{place} {_things[place].Color}"));
        var color = _things[pair[0]].Color;
        var search = string.Join(
            ' ',
            Places
                .TakeWhile(place => place != pair[1])
                .Append(pair[1])
                .Select(place =>
                    $"{place} {color} {_things[place].Color}" + (_things[place].Color == color ? $" {_things[place].Shape}" : "")
                )
        );
        return ($"{colors} twins {color} {search} so {shapes}", $"{shapes} twins");
    }

    private (string, string) Row()
    {
        var row = new[] { Compass[..3], Compass[3..6], Compass[6..] }.Single(r => r.All(_things.ContainsKey));
        var thing = new Thing(_things[row[0]].Color, _things[row[2]].Shape);
        return ($"{List(row)} so {thing}", $"{thing} row");
    }

    private (string, string) Path(string text, bool crop)
    {
        var m = crop
            ? Read(
                text,
                "start at the {color} {shape} go {first} then {second} and crop the object",
                "crop the object {first} then {second} from the {color} {shape}"
            )
            : Read(
                text,
                "start at the {color} {shape} go {first} then {second} what is there",
                "name the object {first} then {second} from the {color} {shape}"
            );
        var (steps, place) = Walk(
            new Thing(m.Groups["color"].Value, m.Groups["shape"].Value),
            m.Groups["first"].Value,
            m.Groups["second"].Value
        );
        return ($"{steps} so {_things[place]}", crop ? place : _things[place].ToString());
    }

    private (string, string) Attribute(string text)
    {
        var m = Read(text, "(what {trait} is|name the {trait} of) the object {second} of? the object {first} of? the {color} {shape}");
        var (steps, place) = Walk(
            new Thing(m.Groups["color"].Value, m.Groups["shape"].Value),
            m.Groups["first"].Value,
            m.Groups["second"].Value
        );
        var answer = _things[place].Get(m.Groups["trait"].Value);
        return ($"{steps} so {answer}", answer);
    }

    private (string, string) Count(string text)
    {
        var m = Read(text, "(how many objects have|count the objects of) the same {trait} as the object {first} of? the {color} {shape}");
        var (trait, direction) = (m.Groups["trait"].Value, m.Groups["first"].Value);
        var mark = new Thing(m.Groups["color"].Value, m.Groups["shape"].Value);
        var place = Move(PlaceOf(mark), direction);
        var wanted = _things[place].Get(trait);
        var count = Numbers[_things.Values.Count(t => t.Get(trait) == wanted)];
        var counted = 0;
        var scan = string.Join(
            ' ',
            Places.Select(p => $"{p} {wanted} {_things[p].Get(trait)}" + (_things[p].Get(trait) == wanted ? $" {Numbers[++counted]}" : ""))
        );
        return ($"{mark} {PlaceOf(mark)} {direction} {place} {_things[place]} same {wanted} {scan} so {count}", count);
    }

    private (string, string) Same(string text)
    {
        var m = Read(text, "crop the (other object of|object that has) the same {trait} as the {color} {shape}");
        var mark = new Thing(m.Groups["color"].Value, m.Groups["shape"].Value);
        var (trait, wanted) = (m.Groups["trait"].Value, mark.Get(m.Groups["trait"].Value));
        // Round the image from the mark on, and so not past it.
        var others = Places.Concat(Places).SkipWhile(p => p != PlaceOf(mark)).Skip(1).TakeWhile(p => p != PlaceOf(mark)).ToList();
        var place = others.Single(p => _things[p].Get(trait) == wanted);
        var search = string.Join(' ', others.Take(others.IndexOf(place) + 1).Select(p => $"{p} {wanted} {_things[p].Get(trait)}"));
        return ($"{mark} {PlaceOf(mark)} other {wanted} {search} so {_things[place]}", place);
    }

    private (string, string) Compose(string text)
    {
        var m = Read(
            text,
            "replace the object {first} of? the {color} {shape} by an? {newcolor} {newshape}",
            "put an? {newcolor} {newshape} for the object {first} of? the {color} {shape}",
            "swap the object {first} of? the {color} {shape} with the \\k<color> \\k<shape>",
            "swap the {color} {shape} with the object {first} of? it",
            "(remove|show the picture without) the object {first} of? the {color} {shape}"
        );
        var mark = new Thing(m.Groups["color"].Value, m.Groups["shape"].Value);
        var (from, direction) = (PlaceOf(mark), m.Groups["first"].Value);
        var place = Move(from, direction);
        var after = new Dictionary<string, Thing>(_things);
        if (m.Groups["newcolor"].Success)
            after[place] = new Thing(m.Groups["newcolor"].Value, m.Groups["newshape"].Value);
        else if (text.StartsWith("swap", StringComparison.Ordinal))
            (after[from], after[place]) = (_things[place], _things[from]);
        else
            after.Remove(place);
        Assert.Contains(place, _things.Keys);
        var listing = new Interpreter(after.Select(pair => (pair.Key, pair.Value))).Listing;
        string[] changed = text.StartsWith("swap", StringComparison.Ordinal) ? [place, from] : [place];
        var changes = string.Join(
            ' ',
            changed.Select(cell => $"{cell} {(after.TryGetValue(cell, out var thing) ? thing.ToString() : "nothing")}")
        );
        return ($"{mark} {from} {direction} {place} {_things[place]} put {changes} then {listing}", listing);
    }

    private (string, string) Twin(string text)
    {
        var m = Read(
            text,
            "replace the object {first} of? the {color} {shape} by an? {newcolor} {newshape} and find the same picture",
            "show the same picture with an? {newcolor} {newshape} in place of the object {first} of? the {color} {shape}"
        );
        var mark = new Thing(m.Groups["color"].Value, m.Groups["shape"].Value);
        var (from, direction) = (PlaceOf(mark), m.Groups["first"].Value);
        var (place, put) = (Move(from, direction), new Thing(m.Groups["newcolor"].Value, m.Groups["newshape"].Value));
        var after = new Dictionary<string, Thing>(_things) { [place] = put };
        var listing = new Interpreter(after.Select(pair => (pair.Key, pair.Value))).Listing;
        return ($"{mark} {from} {direction} {place} {_things[place]} put {place} {put} so {listing}", listing);
    }

    private (string, string) Aspect(string text)
    {
        var m = Read(
            text,
            "start at the {color} {shape} go {first} then {second} and find the other picture with the same object",
            "which other picture has the object {first} then {second} from the {color} {shape}"
        );
        var (steps, place) = Walk(
            new Thing(m.Groups["color"].Value, m.Groups["shape"].Value),
            m.Groups["first"].Value,
            m.Groups["second"].Value
        );
        return ($"{steps} so {List([place])}", place);
    }

    private static (string, string) ReadChain(string text)
    {
        var m = Read(
            text,
            "(find the picture with|which picture has|show the picture with) an? {color} {shape} in the {place}(?<rest>( then [a-z]+ "
                + "an? [a-z]+ [a-z]+)+)"
        );
        var place = m.Groups["place"].Value;
        List<(string Place, Thing Thing)> things = [(place, new Thing(m.Groups["color"].Value, m.Groups["shape"].Value))];
        foreach (var next in m.Groups["rest"].Value.Split(" then ", StringSplitOptions.RemoveEmptyEntries))
        {
            var link = Read(next, "{first} an? {color} {shape}");
            things.Add(
                (place = Move(place, link.Groups["first"].Value), new Thing(link.Groups["color"].Value, link.Groups["shape"].Value))
            );
        }
        return ("", new Interpreter(things).Listing);
    }

    private (string Steps, string Place) Walk(Thing start, string first, string second)
    {
        var from = PlaceOf(start);
        var middle = Move(from, first);
        var end = Move(middle, second);
        Assert.NotEqual(from, end);
        return ($"{start} {from} {first} {middle} {_things[middle]} {second} {end} {_things[end]}", end);
    }

    private string List(IEnumerable<string> places) => string.Join(' ', places.Select(place => $"{place} {_things[place]}"));

    private string PlaceOf(Thing thing) => _things.Single(pair => pair.Value == thing).Key;

    private static string Move(string place, string direction)
    {
        var (row, column) = (Array.IndexOf(Compass, place) / 3, Array.IndexOf(Compass, place) % 3);
        (row, column) = direction switch
        {
            "left" => (row, column - 1),
            "right" => (row, column + 1),
            "above" => (row - 1, column),
            _ => (row + 1, column),
        };
        Assert.True(row is >= 0 and < 3 && column is >= 0 and < 3);
        return Compass[row * 3 + column];
    }

    private static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>The first pattern that a text has, in which {name} stands for a word and ? ends what may be left out.</summary>
    private static Match Read(string text, params string[] patterns) =>
        patterns
            .Select(pattern =>
                Regex.Match(
                    text,
                    "^"
                        + pattern
                            .Replace(" of?", "( of)?", StringComparison.Ordinal)
                            .Replace("{", "(?<", StringComparison.Ordinal)
                            .Replace("}", ">[a-z]+)", StringComparison.Ordinal)
                        + "$",
                    RegexOptions.ExplicitCapture,
                    TimeSpan.FromSeconds(5)
                )
            )
            .First(match => match.Success);

    private sealed record Thing(string Color, string Shape)
    {
        public string Get(string trait) => trait == "color" ? Color : Shape;

        public override string ToString() => $"{Color} {Shape}";
    }
}
