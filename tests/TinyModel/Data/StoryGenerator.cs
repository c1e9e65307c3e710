namespace Mistral.Ilgpu.TinyModel.Data;

/// <summary>
/// Short stories from a grammar: a hero, a want, a problem, help, a happy end. One combination of hero, thing and place in
/// ten is held out: no such story is ever trained on.
/// </summary>
public sealed class StoryGenerator(Random random, bool heldOut)
{
    private readonly Plots _plots = new(random);

    /// <param name="about">An animal that must take part, or null for any.</param>
    public string Next(string? about = null)
    {
        while (true)
        {
            bool girl = random.Next(2) == 0;
            var cast = new Cast(
                Hero: random.Pick(girl ? Words.Girls : Words.Boys),
                Girl: girl,
                Friend: random.Pick(girl ? Words.Boys : Words.Girls),
                Animal: about ?? random.Pick(Words.Animals),
                Thing: random.Pick(Words.Things),
                Look: random.Pick(Words.Looks),
                Place: random.Pick(Words.Places));
            bool isHeldOut = Words.StableHash(cast.Hero, cast.Thing, cast.Place) % 10 == 0;
            if (isHeldOut == heldOut)
            {
                return _plots.Tell(cast, withAnimal: about is not null);
            }
        }
    }
}

/// <summary>Who and what a story is about.</summary>
internal sealed record Cast(string Hero, bool Girl, string Friend, string Animal, string Thing, string Look, string Place)
{
    public string He => Girl ? "she" : "he";

    public string HeBig => Girl ? "She" : "He";

    public string Him => Girl ? "her" : "him";

    public string His => Girl ? "her" : "his";

    public string FriendHeBig => Girl ? "He" : "She";

    public string Kid => Girl ? "girl" : "boy";
}
