namespace Mistral.Ilgpu.TinyModel.Data;

public enum DialogueKind
{
    Greeting,
    Fact,
    Addition,
    Subtraction,
    Repeat,
    Name,
    Story,
}

public sealed record Turn(string User, string Answer, DialogueKind Kind);

public sealed record Dialogue(IReadOnlyList<Turn> Turns);

/// <summary>
/// Conversations. Held out by construction: sums and differences by their operands, words to repeat by their place in the
/// list, stories by their cast.
/// </summary>
public sealed class DialogueGenerator(Random random, StoryGenerator stories, bool heldOut)
{
    private const int Largest = 20;

    /// <param name="minFiller">Least words between a name and its recall; only for <see cref="DialogueKind.Name"/>.</param>
    /// <param name="maxFiller">Most words there.</param>
    public Dialogue Next(int minFiller, int maxFiller, DialogueKind? kind = null) => (kind ?? RandomKind()) switch
    {
        DialogueKind.Name => Recall(random.Next(minFiller, maxFiller + 1)),
        var single when kind is not null => new Dialogue([Single(single)]),
        _ => new Dialogue([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Single(Short()))]),
    };

    private DialogueKind RandomKind() => random.Next(5) switch
    {
        0 => DialogueKind.Name,
        1 => DialogueKind.Story,
        _ => DialogueKind.Fact,
    };

    private DialogueKind Short() => random.Next(12) switch
    {
        0 => DialogueKind.Greeting,
        1 or 2 => DialogueKind.Fact,
        3 or 4 or 5 or 6 => DialogueKind.Addition,
        7 or 8 or 9 => DialogueKind.Subtraction,
        10 => DialogueKind.Story,
        _ => DialogueKind.Repeat,
    };

    // A name, then talk of about so many words, then the question.
    private Dialogue Recall(int words)
    {
        string name = random.Pick(Words.Speakers);
        string introduction = random.Pick($"My name is {name}.", $"Hi, I am {name}.", $"Call me {name}.", $"Hello! My name is {name}.");
        List<Turn> turns = [new(introduction, $"Nice to meet you, {name}!", DialogueKind.Name)];
        while (words > 0)
        {
            var turn = Single(words > 60 && random.Next(2) == 0 ? DialogueKind.Story : Short() is var kind and not DialogueKind.Story ? kind : DialogueKind.Repeat);
            turns.Add(turn);
            words -= turn.User.Split(' ').Length + turn.Answer.Split(' ').Length + 2;
        }

        turns.Add(new(random.Pick("What is my name?", "Do you remember my name?", "Who am I?"), $"Your name is {name}.", DialogueKind.Name));
        return new Dialogue(turns);
    }

    private Turn Single(DialogueKind kind) => kind switch
    {
        DialogueKind.Greeting => Greeting(),
        DialogueKind.Fact => Fact(),
        DialogueKind.Addition => Arithmetic('+', "plus", (a, b) => a + b, kind),
        DialogueKind.Subtraction => Arithmetic('-', "minus", (a, b) => a - b, kind),
        DialogueKind.Repeat => Repeat(),
        DialogueKind.Story => Story(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected a kind of one turn"),
    };

    private Turn Greeting()
    {
        var (user, answer) = Facts.Greetings[random.Next(Facts.Greetings.Length)];
        return new(user, answer, DialogueKind.Greeting);
    }

    private Turn Fact()
    {
        var (questions, answer) = Facts.All[random.Next(Facts.All.Length)];
        return new(random.Pick(questions), answer, DialogueKind.Fact);
    }

    private Turn Arithmetic(char sign, string word, Func<int, int, int> compute, DialogueKind kind)
    {
        while (true)
        {
            int a = random.Next(Largest + 1);
            int b = random.Next(Largest + 1);
            int result = compute(a, b);
            bool isHeldOut = ((7 * a) + (3 * b)) % 12 == 0;
            if (result is >= 0 and <= 30 && isHeldOut == heldOut)
            {
                string question = random.Pick($"What is {a} {sign} {b}?", $"How much is {a} {word} {b}?", $"{a} {sign} {b} = ?");
                return new(question, $"{a} {sign} {b} = {result}.", kind);
            }
        }
    }

    private Turn Repeat()
    {
        int index;
        do
        {
            index = random.Next(Words.Repeatable.Length);
        }
        while ((index % 8 == 0) != heldOut);

        string word = Words.Repeatable[index];
        return new(random.Pick($"Repeat the word {word}.", $"Say {word}.", $"Please repeat: {word}"), word, DialogueKind.Repeat);
    }

    private Turn Story()
    {
        string? about = random.Next(2) == 0 ? random.Pick(Words.Animals) : null;
        string question = about is null ? random.Pick("Tell me a story.", "Can you tell me a story?") : $"Tell me a story about a {about}.";
        return new(question, stories.Next(about), DialogueKind.Story);
    }
}
