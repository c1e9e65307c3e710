namespace Mistral.Ilgpu.TinyModel.Data;

/// <summary>What the model is taught: small facts of its world, each with one answer, and how it greets.</summary>
internal static class Facts
{
    public static readonly (string User, string Answer)[] Greetings =
    [
        ("Hi!", "Hello! How can I help you?"), ("Hello.", "Hello! How can I help you?"), ("Hello there.", "Hello! How can I help you?"),
        ("Good morning!", "Good morning!"), ("Good evening!", "Good evening!"), ("Good night.", "Good night! Sleep well."),
        ("How are you?", "I am fine, thank you."), ("Thank you!", "You are welcome."), ("Thanks.", "You are welcome."),
        ("Goodbye.", "Goodbye! See you soon."), ("Bye!", "Goodbye! See you soon."), ("Who are you?", "I am a tiny model. I tell stories."),
    ];

    public static readonly (string[] Questions, string Answer)[] All =
    [
        .. Color("sun", "yellow"), .. Color("sky", "blue"), .. Color("grass", "green"), .. Color("snow", "white"), .. Color("night", "black"),
        .. Color("apple", "red"), .. Color("sea", "blue"), .. Color("carrot", "orange"), .. Color("frog", "green"), .. Color("fox", "red"),
        .. Home("fish", "in the water"), .. Home("bird", "in a nest"), .. Home("bear", "in a cave"), .. Home("cow", "on the farm"),
        .. Home("squirrel", "in a tree"), .. Home("frog", "in the pond"), .. Home("bee", "in a hive"), .. Home("mouse", "in a hole"),
        .. Home("horse", "in the barn"), .. Home("king", "in a castle"),
        .. Sound("cow", "moo"), .. Sound("dog", "woof"), .. Sound("cat", "meow"), .. Sound("duck", "quack"), .. Sound("sheep", "baa"),
        .. Sound("bird", "tweet"), .. Sound("mouse", "squeak"), .. Sound("lion", "roar"),
        .. Legs("dog", "four"), .. Legs("bird", "two"), .. Legs("fish", "no"), .. Legs("spider", "eight"), .. Legs("bee", "six"), .. Legs("horse", "four"),
        (["What is hot?", "Tell me something hot."], "Fire is hot."), (["What is cold?", "Tell me something cold."], "Ice is cold."),
        (["How many days are in a week?", "How long is a week?"], "A week has seven days."),
        (["What comes after spring?", "Which season follows spring?"], "Summer comes after spring."),
        (["What do bees make?", "What comes from bees?"], "Bees make honey."), (["What do cows give?", "What comes from cows?"], "Cows give milk."),
    ];

    private static (string[], string)[] Color(string thing, string color) =>
        [([$"What color is the {thing}?", $"Which color does the {thing} have?"], $"The {thing} is {color}.")];

    private static (string[], string)[] Home(string animal, string place) =>
        [([$"Where does the {animal} live?", $"Where is the home of the {animal}?"], $"The {animal} lives {place}.")];

    private static (string[], string)[] Sound(string animal, string sound) =>
        [([$"What does the {animal} say?", $"Which sound does the {animal} make?"], $"The {animal} says {sound}.")];

    private static (string[], string)[] Legs(string animal, string count) =>
        [([$"How many legs does a {animal} have?", $"Count the legs of a {animal}."], $"A {animal} has {count} legs.")];
}
