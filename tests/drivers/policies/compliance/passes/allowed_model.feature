Feature: A model that is allowed

  Scenario: Machines are RTX 4090
    Given I have simplepod_instance defined
    Then it must contain gpu_model
    And its value must match the "RTX 4090" regex
